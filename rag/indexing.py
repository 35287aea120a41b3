"""Indexing in the background, for pages: one job at a time in a process, with progress and a way to cancel.

The work runs in a thread of the app, whoever looks; embedding goes in lots, so a question waits a second at most. A
reload, or a second browser, sees the same job.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rag.article import ArticleError
from rag.embedding import EmbeddingMissing
from rag.library import add, reindex
from rag.sources.document import Reading
from rag.store import Cancelled


@dataclass
class Job:
    """One indexing. ``error`` is a sentence when it failed; ``readings`` are there when it is done."""

    name: str
    state: Literal["running", "done", "cancelled", "failed"] = "running"
    done: int = 0
    total: int = 0
    error: str = ""
    readings: tuple[Reading, ...] = ()
    begun: float = field(default_factory=time.monotonic)
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def remaining(self) -> float | None:
        """Seconds that the rest will take at the pace so far; None while nothing can be said."""
        if not self.done or self.state != "running":
            return None
        return (time.monotonic() - self.begun) / self.done * (self.total - self.done)

    def cancel(self) -> None:
        """Ask the job to end; it does so within seconds."""
        self._stop.set()

    def progress(self, done: int, total: int) -> None:
        """Note how far it is."""
        self.done, self.total = done, total

    def cancelled(self) -> bool:
        """Whether somebody asked it to end."""
        return self._stop.is_set()


class Busy(RuntimeError):
    """Another job runs."""


_lock = threading.Lock()
_job: Job | None = None


def current() -> Job | None:
    """Return the job that runs or ran last in this process."""
    return _job


def start_adding(paths: Sequence[Path], finally_: Callable[[], None] = lambda: None) -> Job:
    """Add files as ``rag.library.add`` does; ``finally_`` is called at the end, whatever came of it.

    Raises
    ------
    Busy
        When another job runs.
    """
    names = ", ".join(path.name for path in paths)
    return _start(Job(names), lambda job: add(paths, job.progress, job.cancelled), finally_)


def start_reindexing(name: str) -> Job:
    """Index a source again as ``rag.library.reindex`` does.

    Raises
    ------
    Busy
        When another job runs.
    """
    return _start(Job(name), lambda job: [reindex(name, job.progress, job.cancelled)], lambda: None)


def _start(job: Job, work: Callable[[Job], Sequence[Reading]], finally_: Callable[[], None]) -> Job:
    global _job
    with _lock:
        if _job is not None and _job.state == "running":
            raise Busy(f"{_job.name} is being indexed; wait for it, or cancel it.")
        _job = job
    threading.Thread(target=_run, args=(job, work, finally_), name="indexing", daemon=True).start()
    return job


def _run(job: Job, work: Callable[[Job], Sequence[Reading]], finally_: Callable[[], None]) -> None:
    try:
        job.readings = tuple(work(job))
        job.state = "done"
    except Cancelled:
        job.state = "cancelled"
    except (ArticleError, EmbeddingMissing) as error:
        job.error, job.state = str(error), "failed"
    except Exception as error:  # whatever it is, the page must hear of it
        job.error, job.state = f"It could not be indexed ({type(error).__name__}: {error}).", "failed"
    finally:
        finally_()
