"""The sign of life of the worker process: a small file in HOME that it rewrites about once a second."""

import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from data.whole_file import write_whole
from settings import get_settings

STALE_SECONDS = 5.0


@dataclass(frozen=True)
class WorkerStatus:
    """Whether a worker is there. ``warm``: libraries are loaded, a run starts at once; ``since`` is its start.

    ``app`` is the process it ends with, None for a worker that was started by hand.
    """

    alive: bool
    warm: bool = False
    busy_run: int | None = None
    since: datetime | None = None
    pid: int | None = None
    app: int | None = None


def worker_status() -> WorkerStatus:
    """Return what the worker last said of itself; not alive when that is old or its process is gone."""
    try:
        said = json.loads(_path().read_text(encoding="utf-8"))
        fresh = abs(time.time() - said["beat"]) < STALE_SECONDS and _exists(said["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return WorkerStatus(alive=False)
    if not fresh:
        return WorkerStatus(alive=False)
    since = datetime.fromtimestamp(said["since"], UTC)
    return WorkerStatus(True, bool(said["warm"]), said["busy_run"], since, said["pid"], said["app"])


def write_status(*, warm: bool, busy_run: int | None, since: float, app: int | None) -> None:
    """Say that this process is the worker and lives."""
    said = {"pid": os.getpid(), "beat": time.time(), "since": since, "app": app}
    said |= {"warm": warm, "busy_run": busy_run}
    write_whole(_path(), json.dumps(said).encode(), durable=False)


def clear_status() -> None:
    """Take the sign of life away at a clean end."""
    _path().unlink(missing_ok=True)


def _path() -> Path:
    return get_settings().home / "worker.json"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
