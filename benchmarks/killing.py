"""Killing processes of an installation at random moments, and judging how the run ends; for benchmarks and tests."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil  # type: ignore[import-untyped]
from sqlalchemy import func, select

from data.database import ModelVersion, transaction
from fl import runs
from fl.request import RunRequest
from models.versions import get_version
from settings import ROOT

Target = Literal["worker", "actor", "app"]
PATIENCE = 180.0  # seconds until a worker is there or a run has ended, on a busy machine
ACTOR = "ray::SiteActor"
_APP = "import time; from fl.supervisor import Supervisor; Supervisor().start(); time.sleep(86400)"


@dataclass(frozen=True)
class Kill:
    """One process killed during one run.

    ``round`` is the last round written down at the kill, ``again`` how many of the written ones were computed again,
    ``same`` whether the run ended as an undisturbed one does.
    """

    target: Target
    executor: str
    moment: float  # seconds after the run was asked for
    phase: str
    round: int
    again: int
    status: str
    same: bool
    trouble: str = ""

    @property
    def in_time(self) -> bool:
        """Whether the run was still on its way."""
        return self.phase != ""


class House:
    """An app with its worker in the present MEDHIVE_HOME, started again whenever the app is killed.

    Parameters
    ----------
    command : starts the app; None starts only what keeps the worker, which takes less time.
    log : where the app's output goes.
    """

    def __init__(self, command: list[str] | None = None, log: Path | None = None) -> None:
        self._command = command or [sys.executable, "-c", _APP]
        self._log = log
        self._app: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the app."""
        sink = self._log.open("ab") if self._log else None
        self._app = subprocess.Popen(self._command, cwd=ROOT, stdout=sink, stderr=sink)
        if sink:
            sink.close()

    def stop(self) -> None:
        """Kill the app, and return when its worker is gone too."""
        if self._app is not None:
            worker = runs.worker_status().pid
            self._app.kill()
            self._app.wait()
            wait_until(lambda: worker is None or not psutil.pid_exists(worker), 15)

    def kill(self, target: Target, chance: random.Random) -> bool:
        """Kill -9; False when there is no such process at this moment."""
        assert self._app is not None
        worker = runs.worker_status().pid
        if target == "app":
            self._app.kill()
            self._app.wait()
            self.start()
            return True
        if worker is None or not psutil.pid_exists(worker):
            return False
        victims = [worker] if target == "worker" else actors(worker)
        if not victims:
            return False
        os.kill(chance.choice(victims), signal.SIGKILL)
        return True


def actors(worker: int) -> list[int]:
    """Return the processes that compute for sites."""
    found = []
    for process in psutil.Process(worker).children(recursive=True):
        try:
            if process.name().startswith("ray::") and ACTOR in " ".join(process.cmdline()):
                found.append(process.pid)
        except psutil.NoSuchProcess:
            continue
    return found


@contextmanager
def house(command: list[str] | None = None, log: Path | None = None) -> Iterator[House]:
    """Keep a House until the block ends; its worker is warm when the block begins."""
    made = House(command, log)
    made.start()
    try:
        assert wait_until(lambda: runs.worker_status().warm, PATIENCE), "no worker came up"
        yield made
    finally:
        made.stop()


def undisturbed(request: RunRequest) -> tuple[str, float]:
    """Return the SHA-256 of a run's weights, and the seconds it took."""
    began = time.monotonic()
    run_id = runs.submit(request, by=None)
    assert _ended(run_id), runs.get_run(run_id)
    return _weights(run_id), time.monotonic() - began


def kill_once(
    home: House, request: RunRequest, target: Target, *, wanted: str, seconds: float, chance: random.Random
) -> Kill:
    """Ask for a run, kill a process at a random moment of its first ``seconds``, and see how it ends."""
    assert wait_until(lambda: runs.worker_status().alive, PATIENCE), "no worker came back"
    run_id = runs.submit(request, by=None)
    began = time.monotonic()
    moment = chance.uniform(0, seconds)
    time.sleep(moment)
    while not home.kill(target, chance) and runs.get_run(run_id).active:
        time.sleep(chance.uniform(0, seconds))  # not there yet; killed once it is, at a random moment too
    moment = time.monotonic() - began
    at = runs.get_run(run_id)
    if not _ended(run_id):
        return Kill(target, request.executor, moment, at.phase, at.round, 0, "stuck", False, _story(run_id))
    run = runs.get_run(run_id)
    same = run.status == "done" and _weights(run_id) == wanted
    whole = [done.round for done in run.history] == list(range(request.rounds + 1))
    again = max((at.round - after for after in _taken_up(run)), default=0)
    good = same and whole and _versions(run_id) == 1
    return Kill(
        target,
        request.executor,
        moment,
        at.phase,
        at.round,
        max(0, again),
        run.status,
        good,
        "" if good else _story(run_id),
    )


def _ended(run_id: int) -> bool:
    return wait_until(_over(run_id), PATIENCE)


def _over(run_id: int) -> Callable[[], bool]:
    return lambda: not runs.get_run(run_id).active


def _weights(run_id: int) -> str:
    version = runs.get_run(run_id).version_id
    return get_version(version).sha256 if version is not None else "none"


def _versions(run_id: int) -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).where(ModelVersion.run_id == run_id)) or 0


def wait_until(true: Callable[[], bool], seconds: float) -> bool:
    """Return whether ``true`` became so within ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False


def _taken_up(run: runs.RunView) -> list[int]:
    said = [event.text for event in run.events if event.text.startswith("Taken up again after round ")]
    return [int(text.split()[5]) for text in said]


def _story(run_id: int) -> str:
    run = runs.get_run(run_id)
    events = "; ".join(event.text for event in run.events)
    return f"{run.status}, {run.phase}, round {run.round}, {run.error} {events}"
