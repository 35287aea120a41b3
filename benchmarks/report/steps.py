"""How far a report is: its steps with their seconds, told to a terminal and to the page that started it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.progress import Progress
from data.jobs import JobFile
from data.public import DataMissing
from fl.request import RequestError


class Steps:
    """What is being measured, and how long each step took.

    Parameters
    ----------
    progress : shows it in a terminal.
    total : steps there will be.
    job : file by which a page follows it; None for a report that nobody else watches.
    """

    def __init__(self, progress: Progress, total: int, job: JobFile | None) -> None:
        self.job = job
        self._progress = progress
        self._total = total
        self._done: list[dict[str, Any]] = []
        self._now = ""
        self._within = ""
        self._step_began = time.time()
        self._kept: dict[str, Any] = job.read().report if job else {}
        self._writing = threading.Lock()
        self._over = False

    def step(self, what: str) -> None:
        """Begin with ``what``; the step before is done."""
        self._end()
        self._progress.step(what)
        self._now, self._within, self._step_began = what, "", time.time()
        self._write("running")

    def within(self, what: str) -> None:
        """Say where in its step the report is."""
        self._within = what
        self._progress.within(what)
        self._write("running")

    def end(self, status: str, error: str = "") -> None:
        """Say how the report ended."""
        if status == "done":
            self._end()
        self._write(status, error)

    def seconds(self) -> list[dict[str, Any]]:
        """Return the steps so far, each with its seconds; the last one up to now."""
        return [*self._done, *self._current()]

    def _current(self) -> list[dict[str, Any]]:
        return [{"what": self._now, "seconds": round(time.time() - self._step_began, 2)}] if self._now else []

    def _end(self) -> None:
        self._done += self._current()
        self._now = ""

    def _write(self, status: str, error: str = "") -> None:
        if self.job is None:
            return
        with self._writing:  # cancelled in a thread: nothing is written after that
            if self._over:
                return
            self._over = status != "running"
            told = {"what": self._now, "within": self._within, "step_began": self._step_began, "steps": self._done}
            self.job.write(status, len(self._done), self._total, {**self._kept, **told}, error)


@contextmanager
def steps(progress: Progress, total: int, job: JobFile | None, parent: int | None) -> Iterator[Steps]:
    """Tell of ``total`` steps until the block ends, and how it ended; end this process when the page cancels it."""
    found = Steps(progress, total, job)
    if job is None:
        yield found
        return

    def stop() -> None:
        found.end("cancelled")
        own = os.getpgid(0) == os.getpid()  # as the app starts it
        (os.killpg if own else os.kill)(os.getpid(), signal.SIGTERM)  # at once: nothing of a report is worth a wait

    try:
        with job.watched(parent, stop):
            yield found
    except Exception as error:
        found.end("failed", _words(error, job))
        raise
    found.end("done")


def _words(error: Exception, job: JobFile) -> str:
    if isinstance(error, RequestError | DataMissing):
        return " ".join(str(error).split())
    if isinstance(error, MemoryError):
        return "The report needs more memory than there is."
    return f"It ended with an unexpected {type(error).__name__}; {job.log_words} says more."
