"""A run ends within two seconds of being asked to, whatever it is doing and whoever computes, and leaves no process."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from fl.federation import Outcome, close, federate
from fl.request import RunRequest
from fl.watcher import Cancelled, Stop
from tests.fl import faults
from tests.fl.told import Told

REQUEST = RunRequest("breast_cancer", sites=3, rounds=2)
MOMENTS = [
    ("query.medians", "asking sites for medians"),
    ("query.moments", "asking sites for means and deviations"),
    ("train", "site computing"),
    ("train.alone", "measuring benefit: 0 of 3 sites trained alone"),
]


def seconds_to_cancel(
    request: RunRequest, when: str, *, kind: str = "", after: float = 0.3, stubborn: bool = False
) -> float:
    """Ask for the end ``after`` seconds after the watcher was told ``when``; return how long the run took to end."""
    stop = Stop()
    asked: list[float] = []

    def ask() -> None:
        asked.append(time.monotonic())
        stop.set()

    def hear(what: str) -> None:
        if what == when and not timer.is_alive() and not asked:
            timer.start()

    client = faults.slow_client(kind, stubborn=stubborn)
    timer = threading.Timer(after, ask)
    with pytest.raises(Cancelled):
        federate(request, watcher=Told(on=hear), stop=stop, client=client)
    return time.monotonic() - asked[0]


def children() -> list[psutil.Process]:
    """Return the living processes that this one started; dead ones that nobody has collected yet do not count."""
    found = psutil.Process().children(recursive=True)
    return [process for process in found if process.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def no_process_left() -> Iterator[None]:
    before = set(children())
    yield
    close()
    psutil.wait_procs([process for process in children() if process not in before], timeout=5)
    assert [process.cmdline() for process in children() if process not in before] == []


@pytest.mark.parametrize(("kind", "when"), MOMENTS)
def test_in_process_a_run_ends_while_a_site_computes(home: object, kind: str, when: str) -> None:
    assert seconds_to_cancel(REQUEST, when, kind=kind) < 2


def test_in_process_training_looks_at_the_flag_between_batches(home: object) -> None:
    long = replace(REQUEST, local_epochs=1000, batch_size=1, sites=1)
    assert seconds_to_cancel(long, "site computing") < 2


def test_measuring_the_pooled_model_looks_at_the_flag(home: object) -> None:
    stop = Stop()
    told = Told(on=lambda what: stop.set() if what == "measuring benefit: all rows pooled" else None)
    with pytest.raises(Cancelled):
        federate(REQUEST, watcher=told, stop=stop)
    assert told.snapshots[-1].round == 2


def test_another_run_can_follow_a_cancelled_one(home: object) -> None:
    seconds_to_cancel(REQUEST, "site computing", kind="train")
    outcome: Outcome = federate(REQUEST, watcher=Told(), stop=Stop())
    assert outcome.rounds[-1].replies == 3


@pytest.mark.slow
def test_with_ray_a_run_ends_at_any_moment(home: object, no_process_left: None) -> None:
    request = replace(REQUEST, executor="ray")
    assert seconds_to_cancel(request, "warming up: starting Ray") < 2
    for kind, when in MOMENTS:
        assert seconds_to_cancel(request, when, kind=kind) < 2, when
    assert seconds_to_cancel(request, "site computing", kind="train", stubborn=True) < 2
    assert federate(request, watcher=Told(), stop=Stop()).rounds[-1].replies == 3


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "when"), [("", "warming up: starting Flower's simulation"), MOMENTS[2]])
def test_in_flowers_simulation_a_run_ends_at_any_moment(
    home: object, no_process_left: None, kind: str, when: str
) -> None:
    request = replace(REQUEST, executor="flower")
    assert seconds_to_cancel(request, when, kind=kind, after=1.0) < 2
