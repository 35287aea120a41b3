"""Progress is written off the computing thread, in short transactions, and nothing of it is lost."""

import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from data.database import Run, engine, transaction
from fl import checkpoint, runs
from fl.batch import LeaseLost
from fl.lease import Lease
from fl.recorder import Recorder, RecordError
from fl.watcher import Failure, RoundResult, SiteInfo, Snapshot
from models.preparation import Preparation
from settings import get_settings
from tests.fl.queue import change, held, wait_until

SITES = [SiteInfo(0, "North", 10, 4), SiteInfo(1, "South", 12, 6), SiteInfo(2, "West", 8, 1)]
KEY = "key"


def snapshot(round: int) -> Snapshot:
    ones = np.ones(3, dtype=np.float32)
    return Snapshot(round, np.full(5, round, dtype=np.float32), Preparation(ones, ones, ones))


def result(round: int, **changed: object) -> RoundResult:
    usual = {"loss": 1 / (round + 1), "metrics": {"auc": 0.5}, "seconds": 0.1, "replies": 3}
    return RoundResult(round, **{**usual, "bytes_up": 100, "bytes_down": 120, **changed})


@pytest.fixture
def lease(home: Path) -> Lease:
    return held()


@pytest.fixture
def recorder(lease: Lease) -> Iterator[Recorder]:
    made = Recorder(lease, KEY)
    made.sites(SITES)
    yield made
    if made._thread.is_alive():
        made.close()


def one_round(recorder: Recorder, round: int, **changed: object) -> None:
    for site in SITES:
        recorder.site_state(site.position, round, "computing")
    for site in SITES:
        recorder.site_update(site.position, round, 0.3, {"auc": 0.8}, 0.01, site.samples)
        recorder.site_state(site.position, round, "answered")
    recorder.round_done(result(round, **changed), snapshot(round))


def test_two_hundred_fast_rounds_are_all_there(lease: Lease, recorder: Recorder) -> None:
    for round in range(1, 201):
        one_round(recorder, round)
        recorder.event(f"event {round}")
    recorder.close()

    run = runs.get_run(lease.run_id)
    assert [done.round for done in run.history] == list(range(1, 201))
    assert len(run.site_history) == 600
    assert [event.text for event in run.events] == [f"event {round}" for round in range(1, 201)]
    assert (run.round, [site.round for site in run.sites]) == (200, [200] * 3)
    kept = checkpoint.load(lease.run_id, KEY)
    assert kept is not None
    assert kept.snapshot.round == 200


def test_progress_is_seen_while_the_run_goes_on(lease: Lease, recorder: Recorder) -> None:
    recorder.phase("training")
    recorder.site_state(1, 1, "computing")

    assert wait_until(lambda: runs.get_run(lease.run_id).phase == "training")
    assert [site.state for site in runs.get_run(lease.run_id).sites] == ["waiting", "computing", "waiting"]


@pytest.mark.slow
def test_a_locked_database_neither_slows_the_run_nor_loses_anything(lease: Lease, recorder: Recorder) -> None:
    slowest = 0.0
    with engine(get_settings().database_url).connect() as other:
        other.execute(text("BEGIN IMMEDIATE"))
        for round in range(1, 21):
            began = time.perf_counter()
            one_round(recorder, round)
            slowest = max(slowest, time.perf_counter() - began)
            time.sleep(0.02)
        other.rollback()
    recorder.close()

    assert slowest < 0.2
    assert len(runs.get_run(lease.run_id).history) == 20


def test_many_threads_may_speak_at_once(lease: Lease, recorder: Recorder) -> None:
    def speak(name: str) -> None:
        for number in range(50):
            recorder.event(f"{name} {number}")

    threads = [threading.Thread(target=speak, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close()

    assert len({event.text for event in runs.get_run(lease.run_id).events}) == 200


def test_a_site_that_was_refused_is_named_with_the_reason(lease: Lease, recorder: Recorder) -> None:
    recorder.site_state(0, 1, "answered")
    recorder.site_state(1, 1, "refused")
    failures = (Failure(1, "South", "its weights are not finite"), Failure(2, "West", "no answer"))
    recorder.round_done(result(1, replies=1, failures=failures), snapshot(1))
    recorder.close()

    run = runs.get_run(lease.run_id)
    assert [(point.position, point.state, point.reason) for point in run.site_history] == [
        (1, "refused", "its weights are not finite"),
        (2, "dropped", "no answer"),
    ]
    assert [site.state for site in run.sites] == ["answered", "refused", "dropped"]
    assert run.history[0].failures == [
        {"site": "South", "reason": "its weights are not finite"},
        {"site": "West", "reason": "no answer"},
    ]


def test_bytes_count_what_was_sent_and_what_came_back(lease: Lease, recorder: Recorder) -> None:
    one_round(recorder, 1)
    recorder.site_state(0, 2, "answered")
    recorder.site_state(1, 2, "refused")
    recorder.round_done(result(2, failures=(Failure(1, "South", "x"),)), snapshot(2))
    recorder.close()

    sites = runs.get_run(lease.run_id).sites
    assert [(site.bytes_up, site.bytes_down) for site in sites] == [(200, 240), (100, 240), (100, 120)]


def test_numbers_that_are_not_defined_are_read_as_nan(lease: Lease, recorder: Recorder) -> None:
    recorder.site_update(0, 1, math.nan, {"auc": math.nan}, 0.1, 10)
    recorder.round_done(result(1, loss=math.nan, metrics={"auc": math.nan, "accuracy": 1.0}), snapshot(1))
    recorder.close()

    run = runs.get_run(lease.run_id)
    assert run.history[0].loss == math.inf
    assert math.isnan(run.history[0].metrics["auc"])
    assert run.history[0].metrics["accuracy"] == 1.0
    assert run.site_history[0].loss is None


def test_going_on_from_a_checkpoint_forgets_later_rounds_and_keeps_the_count_of_bytes(
    lease: Lease, recorder: Recorder
) -> None:
    for round in range(1, 6):
        one_round(recorder, round)
        if round == 3:
            assert wait_until(lambda: (kept := checkpoint.load(lease.run_id, KEY)) and kept.snapshot.round == 3)
            start = checkpoint.load(lease.run_id, KEY)
    recorder.close()

    again = Recorder(lease, KEY, start)
    again.sites(SITES)
    one_round(again, 4)
    again.close()

    run = runs.get_run(lease.run_id)
    assert [done.round for done in run.history] == [1, 2, 3, 4]
    assert {point.round for point in run.site_history} == {1, 2, 3, 4}
    assert [site.bytes_up for site in run.sites] == [400] * 3


def test_whoever_lost_the_lease_writes_nothing_and_stops(lease: Lease, recorder: Recorder) -> None:
    one_round(recorder, 1)
    assert wait_until(lambda: len(runs.get_run(lease.run_id).history) == 1)
    change(lease.run_id, lease_owner="another")

    one_round(recorder, 2)

    assert wait_until(lease.stop.is_set)
    assert lease.reason == "lost"
    with pytest.raises(LeaseLost):
        recorder.close()
    assert [done.round for done in runs.get_run(lease.run_id).history] == [1]


def test_what_is_said_after_the_end_is_ignored(lease: Lease, recorder: Recorder) -> None:
    recorder.event("last")
    recorder.close()
    recorder.event("too late")

    assert [event.text for event in runs.get_run(lease.run_id).events] == ["last"]


def test_a_checkpoint_that_cannot_be_written_pauses_the_run_and_is_said_in_a_sentence(
    lease: Lease, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write", full)
    one_round(recorder, 1)

    assert wait_until(lease.stop.is_set)
    assert lease.reason == "paused"
    with pytest.raises(RecordError, match="No space left on device"):
        recorder.close()
    assert [done.round for done in runs.get_run(lease.run_id).history] == [1]


def test_no_round_ends_before_the_one_before_it_is_in_the_checkpoint(lease: Lease, recorder: Recorder) -> None:
    behind = []
    for round in range(1, 30):
        one_round(recorder, round)
        kept = checkpoint.load(lease.run_id, KEY)
        behind.append(round - (kept.snapshot.round if kept else 0))
    recorder.close()

    assert max(behind) <= 1


def test_a_run_that_gets_on_may_be_interrupted_any_number_of_times(lease: Lease, recorder: Recorder) -> None:
    change(lease.run_id, attempts=4)

    one_round(recorder, 1)
    recorder.close()

    with transaction() as session:
        assert session.get_one(Run, lease.run_id).attempts == 1


def test_a_site_that_did_not_answer_after_going_on_keeps_its_last_round(lease: Lease, recorder: Recorder) -> None:
    one_round(recorder, 1)
    recorder.close()
    again = Recorder(lease, KEY, checkpoint.load(lease.run_id, KEY))
    again.sites(SITES)

    again.site_state(0, 2, "dropped")
    again.close()

    assert runs.get_run(lease.run_id).sites[0].round == 1


def test_a_phase_does_not_hide_that_the_run_is_being_cancelled(lease: Lease, recorder: Recorder) -> None:
    runs.cancel(lease.run_id, by=None)
    lease.end("cancel")
    recorder.phase("training")
    recorder.close()

    assert runs.get_run(lease.run_id).phase == "cancelling"


def test_events_of_another_run_stay_apart(lease: Lease, recorder: Recorder) -> None:
    other = held()
    recorder.event("mine")
    recorder.close()

    assert runs.get_run(other.run_id).events == []
    with transaction() as session:
        assert session.execute(text("SELECT count(*) FROM run_events")).scalar() == 1
