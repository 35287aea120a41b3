"""Audits that the app starts: a process each, whose last line says what it does; it ends with the app."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from settings import ROOT, get_settings

LOOK_SECONDS = 0.2
_children: dict[int, tuple[subprocess.Popen[bytes], float]] = {}  # run → its audit and when that began


@dataclass(frozen=True)
class Going:
    """An audit that this app started.

    Parameters
    ----------
    seconds : since it began.
    said : what it does now, or why it failed.
    ended : whether it failed or was cancelled; one that succeeded is not told of, its findings are there.
    """

    seconds: float
    said: str
    ended: bool = False


def start(run_id: int) -> None:
    """Start an audit of a run, unless one is under way."""
    if (going := state(run_id)) is not None and not going.ended:
        return
    with _log(run_id).open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-m", "fl", "audit", str(run_id), "--parent", str(os.getpid())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
            env={**os.environ, "MEDHIVE_HOME": str(get_settings().home)},
            start_new_session=True,
        )
    _children[run_id] = child, time.monotonic()


def state(run_id: int) -> Going | None:
    """Return how far the audit of a run is; None when there is none, or it has succeeded."""
    if run_id not in _children:
        return None
    child, began = _children[run_id]
    code = child.poll()
    if code == 0:
        del _children[run_id]
        return None
    said = _last_line(_log(run_id))
    if code is not None and code < 0:
        said = "Cancelled; an earlier audit, if there was one, is kept."
    return Going(time.monotonic() - began, said, code is not None)


def cancel(run_id: int) -> None:
    """End the audit of a run; what an earlier one found stays."""
    if run_id in _children:
        child, _ = _children[run_id]
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def end_with(parent: int) -> None:
    """Let this process end when ``parent``, who started it, is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="watching for the end", daemon=True).start()


def _log(run_id: int) -> Path:
    folder = get_settings().home / "audits"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"run-{run_id}.log"


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[-1][:300] if lines else ""
