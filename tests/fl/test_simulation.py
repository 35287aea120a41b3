"""Flower's own simulation: what it is told when the simulation itself gives up."""

import os
import sys
from multiprocessing import Pipe
from typing import Any

import pytest
from ray import cloudpickle

from fl import client_app
from fl.course import Course
from fl.grid import simulation
from fl.request import RunRequest
from fl.watcher import Stop
from tests.fl.told import Told


class Ended(BaseException):
    """The process ended."""


def test_a_simulation_that_gives_up_ends_the_run_with_a_sentence_though_the_server_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gives_up(*_: object) -> None:
        raise RuntimeError("Ending simulation.") from ValueError("Ray did not start")

    def end(code: int) -> Any:
        raise Ended(code)

    request = RunRequest("breast_cancer", sites=3)
    asked = {"request": request, "sites": [], "start": None, "began": 0.0}
    ours, theirs = Pipe()
    ours.send_bytes(cloudpickle.dumps((asked, client_app.app)))  # type: ignore[no-untyped-call]  # of Ray
    monkeypatch.setattr(simulation, "_simulate", gives_up)
    monkeypatch.setattr(sys, "argv", ["", str(os.dup(theirs.fileno()))])
    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(Ended):
        simulation._main()
    with pytest.raises(RuntimeError, match=r"Flower's simulation ended before its time: Ray did not start"):
        simulation._follow(ours, Course(request, [], Told(), Stop()))
