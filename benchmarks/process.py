"""Runs one command as a process tree of its own: how long it took, and how much memory all of it held at most."""

import contextlib
import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TAG = "BENCHMARK_TAG"  # an environment variable by which every process of the tree is known, wherever it hangs
LOOK_SECONDS = 0.2
PROC = Path("/proc")


@dataclass(frozen=True)
class Observed:
    """One command that has ended.

    Parameters
    ----------
    began : when it was started, by ``time.monotonic``, which is one clock for all processes.
    seconds : from its start to its exit.
    pss_mb : largest sum over its processes of proportional set sizes that was seen, in 10⁶ bytes.
    code : exit code, negative for a signal; None when it was ended for taking too long.
    last_words : the last line it wrote.
    """

    began: float
    seconds: float
    pss_mb: float
    code: int | None
    last_words: str


def observe(command: Sequence[str], environment: Mapping[str, str], folder: Path, patience: float) -> Observed:
    """Run ``command`` in ``folder`` for at most ``patience`` seconds; nothing it started is left behind."""
    tag = uuid.uuid4().hex
    log = folder / "output.log"
    ended, late = threading.Event(), threading.Event()
    peak = 0.0

    def look() -> None:
        nonlocal peak
        while not ended.wait(LOOK_SECONDS):
            peak = max(peak, sum(map(pss, members(tag))))
            if time.monotonic() - began > patience:
                late.set()
                _end(tag)

    with log.open("wb") as sink:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment, TAG: tag},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            code = process.wait()
            seconds = time.monotonic() - began
        finally:
            ended.set()
            looking.join()
            _end(tag)
            process.wait()
    words = log.read_text(encoding="utf-8", errors="replace").split("\n")
    last = next((line.strip() for line in reversed(words) if line.strip()), "")
    return Observed(began, seconds, peak / 1e6, None if late.is_set() else code, last)


def members(tag: str) -> list[int]:
    """Return the processes whose environment holds ``tag``."""
    wanted = f"{TAG}={tag}".encode()
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and wanted in _read(entry / "environ")]


def pss(process: int) -> int:
    """Return the proportional set size of a process in bytes, 0 when it is gone."""
    for line in _read(PROC / str(process) / "smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it ended, or belongs to somebody else
        return b""


def _end(tag: str) -> None:
    """End what carries the tag: that is what this very command started, and nothing else."""
    for process in members(tag):
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)
