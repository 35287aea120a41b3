"""Many short runs in one worker: ``python -m benchmarks soak --runs 100 --json FILE``. Its memory must not grow."""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from benchmarks.killing import house, undisturbed, wait_until
from data.database import migrate
from fl import runs
from fl.request import RunRequest
from settings import get_settings

REQUEST = RunRequest("breast_cancer", sites=10, rounds=3, executor="auto")
LARGEST_GROWTH = 50.0  # MB
WARM_UP = 10  # runs after which a worker has loaded and cached what it ever will


def measure(count: int) -> dict[str, Any]:
    """Run ``count`` short runs after WARM_UP others; return what the worker held before and after, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MEDHIVE_HOME"] = folder
        get_settings.cache_clear()
        migrate()
        with house(log=Path(folder) / "app.log"):
            worker = runs.worker_status().pid
            assert worker is not None
            for _ in range(WARM_UP):
                undisturbed(REQUEST)
            _until_quiet()
            before, began = held(worker), time.monotonic()
            course = []
            for number in range(1, count + 1):
                undisturbed(REQUEST)
                if number % max(1, count // 10) == 0:
                    course.append(round(held(worker)["pss_mb"], 1))
                    print(f"{number:4} runs  {course[-1]:7.1f} MB", flush=True)
            seconds = time.monotonic() - began
            _until_quiet()
            after = held(worker)
            assert runs.worker_status().pid == worker, "the worker was replaced meanwhile"
    grown = round(after["pss_mb"] - before["pss_mb"], 1)
    return {
        "runs": count,
        "grown_mb": grown,
        "seconds_a_run": seconds / count,
        "before": before,
        "after": after,
        "pss_mb": course,
    }


def held(pid: int) -> dict[str, float]:
    """Return what a process holds: memory in MB, its share (PSS) and its own (USS), files, threads, living children.

    The share of pages that several processes map grows when another of them ends, its own does not.
    """
    process = psutil.Process(pid)
    memory = process.memory_full_info()
    return {
        "pss_mb": memory.pss / 2**20,
        "uss_mb": memory.uss / 2**20,
        "files": process.num_fds(),
        "threads": process.num_threads(),
        "children": len(process.children(recursive=True)),
    }


def _until_quiet() -> None:
    """Wait until the worker has handed all runs to MLflow and nothing of that is left."""
    from fl import tracking

    wait_until(lambda: not tracking.untracked(), 300)
    time.sleep(2)
