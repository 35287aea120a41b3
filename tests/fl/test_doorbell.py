"""The bell that wakes the worker: who asks for a run never waits, and a bell that fails is no failure."""

import os
import threading
from contextlib import suppress
from pathlib import Path

from fl import doorbell
from fl.doorbell import Doorbell
from tests.fl.queue import ask


def test_asking_for_a_run_wakes_who_sleeps(home: Path) -> None:
    bell = Doorbell()
    asking = threading.Timer(0.05, ask)

    asking.start()

    assert bell.wait(30)
    asking.join()


def test_a_bell_rung_too_often_keeps_nobody_waiting_and_falls_silent(home: Path) -> None:
    bell = Doorbell()
    pipe = os.open(home / "worker.bell", os.O_WRONLY | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while os.write(pipe, bytes(4096)):
            pass
    os.close(pipe)

    doorbell.ring()

    while bell.wait(0):
        pass
    assert not bell.wait(0.01)


def test_ringing_where_nobody_listens_does_nothing(home: Path) -> None:
    doorbell.ring()
    assert not (home / "worker.bell").exists()


def test_what_lies_in_the_place_of_the_bell_is_replaced(home: Path) -> None:
    (home / "worker.bell").write_text("not a pipe")

    bell = Doorbell()
    doorbell.ring()

    assert bell.wait(0)


def test_without_pipes_the_worker_looks_by_itself(home: Path) -> None:
    (home / "worker.bell").mkdir()

    assert not Doorbell().wait(0.01)
