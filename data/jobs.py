"""Long work that the app starts in a process of its own, and the file by which it tells how far it is.

A page only reads the file. Cancelling leaves a note beside it, which the process looks for. The process ends with the
app that started it.
"""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.whole_file import write_whole
from settings import ROOT, get_settings

LOOK_SECONDS = 0.2
DEAD_SECONDS = 30.0  # without a sign of life


class Busy(RuntimeError):
    """Work of this kind is going on already."""


@dataclass(frozen=True)
class Job:
    """What was asked, how far it is, and what it has told.

    Parameters
    ----------
    number : from 1.
    status : ``running``, ``done``, ``cancelled`` or ``failed``.
    done, total : steps; ``total`` is 0 until they are known.
    report : JSON-ready, as far as it goes.
    error : a sentence that says why it failed.
    """

    number: int
    status: str
    done: int
    total: int
    report: dict[str, Any]
    error: str = ""


@dataclass(frozen=True)
class JobFile:
    """The file of one job, named by its number; used by the process and by the page."""

    path: Path

    def read(self) -> Job:
        """Return the job; KeyError when there is none."""
        number = int(self.path.stem)
        try:
            document, touched = json.loads(self.path.read_bytes()), self.path.stat().st_mtime
        except FileNotFoundError:
            raise KeyError(number) from None
        status, error = document["status"], document.get("error", "")
        if status == "running" and time.time() - touched > DEAD_SECONDS:
            status, error = "failed", "Its process ended without a word."
        return Job(number, status, document["done"], document["total"], document["report"], error)

    def write(self, status: str, done: int, total: int, report: Mapping[str, Any], error: str = "") -> None:
        """Write down how far the job is."""
        document = {"status": status, "done": done, "total": total, "report": report, "error": error}
        write_whole(self.path, json.dumps(document, allow_nan=False).encode(), durable=status != "running")

    def cancel(self) -> None:
        """Ask the process to stop."""
        self._note.touch()

    @property
    def folder(self) -> Path:
        """Where the process may keep what it makes."""
        return self.path.with_suffix("")

    @property
    def log(self) -> Path:
        """What the process prints."""
        return self.path.with_suffix(".log")

    @property
    def log_words(self) -> str:
        """The log in words, without the path of this machine."""
        return f"{self.log.name} in HOME/{self.path.parent.name}"

    @contextmanager
    def watched(self, parent: int | None, stop: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` when the note to cancel is there or the parent is gone; show signs of life until the end.

        ``stop`` is called from a thread, once.
        """
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                if self._note.exists() or (parent is not None and os.getppid() != parent):
                    self._note.unlink(missing_ok=True)  # before this process may be gone
                    stop()
                    return
                os.utime(self.path)
                over.wait(LOOK_SECONDS)

        threading.Thread(target=watch, name="watching for the end", daemon=True).start()
        try:
            yield
        finally:
            over.set()
            self._note.unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        return self.path.with_suffix(".cancel")


@dataclass(frozen=True)
class Jobs:
    """All jobs of one kind. ``name`` is that of their folder under the home of this installation."""

    name: str

    def start(self, arguments: Sequence[str], report: Mapping[str, Any]) -> int:
        """Start ``python -m arguments --job FILE --parent PID`` and return the number of the job.

        Raises
        ------
        Busy
            While another one is running.
        """
        with (self._folder() / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two people may press at once
            if any(job.status == "running" for job in self.all()):
                raise Busy(self.name)
            file = self.file(1 + max(self._numbers(), default=0))
            file.write("running", 0, 0, report)
        _begin(arguments, file)
        return int(file.path.stem)

    def all(self) -> list[Job]:
        """Return all jobs, the newest first."""
        return [self.file(number).read() for number in sorted(self._numbers(), reverse=True)]

    def file(self, number: int) -> JobFile:
        """Return the file of one job, which need not exist."""
        return JobFile(self._folder() / f"{number}.json")

    def _folder(self) -> Path:
        folder = get_settings().home / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _numbers(self) -> list[int]:
        return [int(path.stem) for path in self._folder().glob("*.json") if path.stem.isdigit()]


def _begin(arguments: Sequence[str], file: JobFile) -> None:
    with file.log.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", *arguments, "--job", str(file.path), "--parent", str(os.getpid())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "MEDHIVE_HOME": str(get_settings().home)},
            start_new_session=True,
        )
    threading.Thread(target=_wait, args=(child, file), name=f"job {file.path}", daemon=True).start()


def _wait(child: "subprocess.Popen[bytes]", file: JobFile) -> None:
    """Leave no zombie, and say so when the process ended without having said how."""
    code = child.wait()
    job = file.read()
    if job.status == "running":
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        error = f"Its process ended without a word ({how}); {file.log_words} may say why."
        file.write("failed", job.done, job.total, job.report, error)
