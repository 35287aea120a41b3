"""Comparisons that the app starts: a process each, and a file that says how far it is.

A page only reads the file. Cancelling leaves a note beside it, which the process sees between two rounds. The process
ends with the app that started it.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.whole_file import write_whole
from fl.watcher import Stop
from settings import ROOT, get_settings

LOOK_SECONDS = 0.2
DEAD_SECONDS = 30.0  # without a sign of life


@dataclass(frozen=True)
class Job:
    """A comparison: what was asked, how far it is, and what it has measured.

    Parameters
    ----------
    number : from 1.
    status : ``running``, ``done``, ``cancelled`` or ``failed``.
    done, total : runs.
    report : what ``python -m fl compare --json`` writes, as far as it goes.
    error : why it failed.
    """

    number: int
    status: str
    done: int
    total: int
    report: dict[str, Any]
    error: str = ""


def start(task: str, strategies: str, scenario: str, seeds: int, sites: int | None = None) -> int:
    """Start a comparison and return its number; what is asked must have been checked by ``study_of``."""
    number = 1 + max((job for job in _numbers()), default=0)
    asked = ["--task", task, "--strategies", strategies, "--scenario", scenario, "--seeds", str(seeds)]
    asked += ["--sites", str(sites)] if sites else []
    write(number, "running", 0, 0, {"task": task, "asked": {"strategies": strategies, "scenario": scenario}})
    log = _folder() / f"{number}.log"
    with log.open("ab") as file:
        child = subprocess.Popen(
            [sys.executable, "-m", "fl", "compare", *asked, "--job", str(number), "--parent", str(os.getpid())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env={**os.environ, "MEDHIVE_HOME": str(get_settings().home)},
            start_new_session=True,
        )
    threading.Thread(target=child.wait, name=f"comparison {number}", daemon=True).start()  # leaves no zombie
    return number


def cancel(number: int) -> None:
    """Ask a comparison to stop; what it has measured stays."""
    _note(number).touch()


def jobs() -> list[Job]:
    """Return all comparisons, the newest first."""
    return [job(number) for number in sorted(_numbers(), reverse=True)]


def job(number: int) -> Job:
    """Return one comparison; KeyError when there is none of that number."""
    path = _path(number)
    if not path.is_file():
        raise KeyError(number)
    document = json.loads(path.read_bytes())
    status, error = document["status"], document.get("error", "")
    if status == "running" and time.time() - path.stat().st_mtime > DEAD_SECONDS:
        status, error = "failed", "Its process ended without a word."
    return Job(number, status, document["done"], document["total"], document["report"], error)


def write(number: int, status: str, done: int, total: int, report: dict[str, Any], error: str = "") -> None:
    """Write down how far a comparison is."""
    document = {"status": status, "done": done, "total": total, "report": report, "error": error}
    write_whole(_path(number), json.dumps(document, allow_nan=False).encode(), durable=status != "running")


@contextmanager
def watched(number: int, parent: int | None, stop: Stop, ended: Callable[[], bool]) -> Iterator[None]:
    """Set ``stop`` when the note to cancel is there or the parent is gone; show signs of life until the block ends."""

    def watch() -> None:
        while not ended():
            if _note(number).exists() or (parent is not None and os.getppid() != parent):
                stop.set()
                return
            os.utime(_path(number))
            time.sleep(LOOK_SECONDS)

    thread = threading.Thread(target=watch, name="watching for the end", daemon=True)
    thread.start()
    try:
        yield
    finally:
        _note(number).unlink(missing_ok=True)


def _folder() -> Path:
    folder = get_settings().home / "comparisons"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _numbers() -> list[int]:
    return [int(path.stem) for path in _folder().glob("*.json") if path.stem.isdigit()]


def _path(number: int) -> Path:
    return _folder() / f"{number}.json"


def _note(number: int) -> Path:
    return _folder() / f"{number}.cancel"
