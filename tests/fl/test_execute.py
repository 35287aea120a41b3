"""How a run ends: done, cancelled in any phase, failed with a sentence, or back in the queue."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fl.federation
from fl import checkpoint, runs
from fl.engine import Engine
from fl.execute import Abandoned, execute
from fl.lease import LARGEST_ATTEMPTS, Lease, claim_next, new_owner
from fl.request import RunRequest
from fl.result import keep
from fl.watcher import Cancelled, QuorumLost, Stop, Watcher
from models.versions import get_version, load_model
from models.weights import flat_weights
from tests.fl.queue import change, held, wait_until

REQUEST = RunRequest(task="breast_cancer", sites=3, rounds=6, benefit=False, executor="in-process")
LONG = RunRequest(task="breast_cancer", sites=3, rounds=2000, benefit=False, executor="in-process")


@pytest.fixture(scope="module")
def computing() -> Iterator[Engine]:
    yield Engine()


def run_all(lease: Lease, engine: Engine) -> runs.RunView:
    with lease:
        execute(lease, engine)
    return runs.get_run(lease.run_id)


def when(run_id: int, reached: Callable[[runs.RunView], bool], act: Callable[[], Any]) -> threading.Thread:
    """Do something once a run has come so far, from another thread."""

    def watch() -> None:
        if wait_until(lambda: reached(runs.get_run(run_id)), 30):
            act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def weights_of(run: runs.RunView) -> bytes:
    assert run.version_id is not None
    return flat_weights(load_model(run.version_id).network).tobytes()


def test_a_finished_run_is_a_model_version_that_says_where_it_comes_from(home: Path, computing: Engine) -> None:
    request = RunRequest(task="breast_cancer", sites=3, rounds=2, executor="in-process", seed=4)

    run = run_all(held(request), computing)

    assert (run.status, run.round, run.phase, run.error) == ("done", 2, "", "")
    assert set(run.final) == {"auc", "accuracy", "sensitivity", "specificity", "loss", "ece"}
    assert set(run.seconds) == {"startup", "first_round", "rounds", "total"}
    assert run.executor == "in-process"
    for site in run.sites:
        assert set(site.benefit) == {"local", "federated", "pooled"}
        assert site.bytes_up > 0 < site.bytes_down
    assert run.version_id is not None
    manifest = get_version(run.version_id).manifest
    assert manifest["request"]["seed"] == 4
    assert manifest["rounds"] == 2
    assert [site["name"] for site in manifest["data"]["sites"]] == [site.name for site in run.sites]
    assert manifest["command"].startswith("python -m fl run --task breast_cancer --sites 3")
    assert checkpoint.load(run.id, "") is None


@pytest.mark.parametrize("phase", ["warming up", "training", "measuring benefit"])
def test_a_run_is_cancelled_within_two_seconds_in_every_phase(home: Path, computing: Engine, phase: str) -> None:
    rounds = 2000 if phase == "training" else 2
    lease = held(RunRequest(task="breast_cancer", sites=10, rounds=rounds, executor="in-process"))
    told: list[float] = []

    def cancel() -> None:
        told.append(time.monotonic())
        runs.cancel(lease.run_id, by=None)
        assert wait_until(lease.stop.is_set)

    class Trigger:
        """Cancels, and waits until that is known, the moment a phase begins (in training: after the third round)."""

        def __init__(self, inner: Watcher) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            def call(*given: Any) -> None:
                getattr(self.inner, name)(*given)
                begun = name == "phase" and given[0].startswith(phase) and phase != "training"
                third = name == "round_done" and phase == "training" and given[0].round == 3
                if (begun or third) and not told:
                    cancel()

            return call

    with lease:
        status = execute(lease, computing, also=Trigger)
        took = time.monotonic() - told[0]

    run = runs.get_run(lease.run_id)
    assert (status, run.status, run.active) == ("cancelled", "cancelled", False)
    assert took < 2
    if phase == "warming up":
        assert run.version_id is None
    else:
        assert run.version_id is not None
        assert f"Cancelled after round {run.round}" in run.events[-1].text
        assert 0 <= run.final["auc"]["value"] <= 1


def test_keeping_a_model_slowly_does_not_hold_up_the_cancellation(
    home: Path, computing: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[runs.RunView] = []

    def slow(run_id: int, *given: Any) -> Any:
        assert wait_until(lambda: not runs.get_run(run_id).active)
        seen.append(runs.get_run(run_id))
        return keep(run_id, *given)

    monkeypatch.setattr("fl.execute.keep", slow)
    lease = held(LONG)
    thread = when(lease.run_id, lambda run: run.round >= 2, lambda: runs.cancel(lease.run_id, by=None))
    run = run_all(lease, computing)
    thread.join()

    assert (seen[0].status, seen[0].version_id) == ("cancelled", None)
    assert run.version_id is not None
    assert run.final["auc"]["value"] > 0
    assert f"Cancelled after round {run.round}: its model is kept" in run.events[-1].text


def test_the_version_of_a_cancelled_run_is_its_last_good_model(home: Path, computing: Engine) -> None:
    lease = held(LONG)
    thread = when(lease.run_id, lambda run: run.round >= 3, lambda: runs.cancel(lease.run_id, by=None))
    cancelled = run_all(lease, computing)
    thread.join()

    whole = run_all(held(RunRequest(**{**LONG.to_json(), "rounds": cancelled.round})), computing)

    assert weights_of(cancelled) == weights_of(whole)


@pytest.mark.slow
def test_a_run_interrupted_by_the_end_of_the_worker_gives_the_same_weights_in_the_end(
    home: Path, computing: Engine
) -> None:
    request = RunRequest(**{**REQUEST.to_json(), "rounds": 15})
    lease = held(request)
    thread = when(lease.run_id, lambda run: run.round >= 3, lambda: lease.end("shutdown"))
    stopped = run_all(lease, computing)
    thread.join()
    assert stopped.status == "queued"
    assert 3 <= stopped.round < 15

    owner = new_owner("worker")
    assert claim_next(owner) == stopped.id
    resumed = run_all(Lease(stopped.id, owner), computing)
    whole = run_all(held(request), computing)

    assert weights_of(resumed) == weights_of(whole)
    assert [done.round for done in resumed.history] == list(range(16))
    assert [(d.loss, d.metrics) for d in resumed.history] == [(d.loss, d.metrics) for d in whole.history]
    assert any("Taken up again after round" in event.text for event in resumed.events)
    assert [site.bytes_up for site in resumed.sites] == [site.bytes_up for site in whole.sites]


def test_a_computation_that_does_not_listen_is_cancelled_within_two_seconds_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()

    def deaf(*_: Any, **__: Any) -> None:
        free.wait(20)

    monkeypatch.setattr(fl.federation, "federate", deaf)
    lease = held(REQUEST)
    with lease:
        runs.cancel(lease.run_id, by=None)
        began = time.monotonic()
        with pytest.raises(Abandoned):
            execute(lease, Engine())
    free.set()

    assert time.monotonic() - began < 2
    assert runs.get_run(lease.run_id).status == "cancelled"


def test_below_quorum_the_run_fails_with_the_sentence_and_makes_no_version(
    home: Path, computing: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any, **__: Any) -> None:
        raise QuorumLost("1 of 3 sites sent a usable update, 2 are needed.")

    monkeypatch.setattr(fl.federation, "federate", lost)

    run = run_all(held(REQUEST), computing)

    assert (run.status, run.error) == ("failed", "1 of 3 sites sent a usable update, 2 are needed.")
    assert run.version_id is None


def test_an_unexpected_fault_is_told_without_what_it_quotes(
    home: Path, computing: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("could not convert 'patient 4711' to float")

    monkeypatch.setattr(fl.federation, "federate", broken)

    run = run_all(held(REQUEST), computing)

    assert run.status == "failed"
    assert "ValueError" in run.error
    assert "4711" not in run.error + caplog.text + "".join(event.text for event in run.events)
    assert "ValueError" in caplog.text


def test_a_run_that_kills_its_worker_again_and_again_is_given_up(home: Path, computing: Engine) -> None:
    lease = held(REQUEST)
    change(lease.run_id, attempts=LARGEST_ATTEMPTS + 1)

    run = run_all(lease, computing)

    assert run.status == "failed"
    assert f"ended {LARGEST_ATTEMPTS} times" in run.error


def test_a_request_of_another_version_of_medhive_fails_with_a_sentence(home: Path, computing: Engine) -> None:
    lease = held(REQUEST)
    change(lease.run_id, request={"task": "breast_cancer", "wormhole": True})

    with lease:
        assert execute(lease, computing) == "failed"

    assert [run.id for run in runs.list_runs(status="failed")] == [lease.run_id]


def test_a_damaged_checkpoint_starts_the_run_anew_and_says_so(home: Path, computing: Engine) -> None:
    lease = held(RunRequest(**{**REQUEST.to_json(), "rounds": 2}))
    checkpoint.path_of(lease.run_id).parent.mkdir(parents=True)
    checkpoint.path_of(lease.run_id).write_bytes(b"damaged")

    run = run_all(lease, computing)

    assert run.status == "done"
    assert "Starting anew" in run.events[0].text


def test_a_cancelled_run_whose_model_cannot_be_kept_is_cancelled_and_says_why(
    home: Path, computing: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fl.execute.keep", full)
    lease = held(LONG)
    thread = when(lease.run_id, lambda run: run.round >= 2, lambda: runs.cancel(lease.run_id, by=None))
    run = run_all(lease, computing)
    thread.join()

    assert (run.status, run.version_id) == ("cancelled", None)
    assert "could not be kept" in run.error


def test_the_snapshot_is_not_changed_by_a_later_round(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[np.ndarray] = []
    real = fl.federation.federate

    def meddling(request: RunRequest, *, watcher: Watcher, stop: Stop, start: Any = None) -> Any:
        class Meddler:
            def __getattr__(self, name: str) -> Any:
                def call(*given: Any) -> None:
                    getattr(watcher, name)(*given)
                    if name == "round_done" and given[0].round == 1:
                        kept.append(given[1].weights.copy())
                        if given[1].weights.flags.writeable:
                            given[1].weights[:] = 0
                        raise Cancelled("enough")

                return call

        return real(request, watcher=Meddler(), stop=stop, start=start)

    monkeypatch.setattr(fl.federation, "federate", meddling)
    run = run_all(held(REQUEST), Engine())

    assert run.version_id is not None
    assert weights_of(run) == kept[0].tobytes()
