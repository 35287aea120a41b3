"""Who executes a run: a lease in the run's row, kept by a heartbeat, so that a dead worker's run is taken up again.

Exactly one process holds a run. It renews the lease every half second; one that has not been renewed for four
seconds is free. Whoever lost its lease must stop and write nothing more.
"""

import os
import socket
import threading
import time
import uuid
from datetime import timedelta
from typing import Literal

from sqlalchemy import CursorResult, and_, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.elements import ColumnElement

from data.database import Run, now, transaction
from fl.watcher import Stop

LEASE_SECONDS = 4.0
HEARTBEAT_SECONDS = 0.5
LOOK_SECONDS = 0.1
LARGEST_ATTEMPTS = 5

Reason = Literal["", "cancel", "shutdown", "lost", "paused"]


def new_owner(kind: Literal["worker", "command"]) -> str:
    """Return a name for this process that no other ever had."""
    return f"{kind}:{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def claim_next(owner: str) -> int | None:
    """Take a run whose lease has expired, else the next in the queue; None when there is none."""
    with transaction() as session:
        order = Run.status != "running", Run.priority.desc(), Run.id
        row = session.execute(select(Run.id, Run.heartbeat_at).where(_free()).order_by(*order).limit(1)).one_or_none()
    if row is None:  # nothing was locked for that, so an idle worker disturbs nobody
        return None
    found: int = row.id
    if row.heartbeat_at is not None:
        _let_its_holder_speak()
    moment = now()
    take = (
        update(Run)
        .where(Run.id == found, _free())
        .values(
            status="running",
            lease_owner=owner,
            heartbeat_at=moment,
            attempts=Run.attempts + 1,
            phase="starting",
        )
    )
    with transaction() as session:
        if not _touched(session.execute(take)):
            return None
        session.execute(update(Run).where(Run.id == found, Run.started_at.is_(None)).values(started_at=moment))
    return found


def _let_its_holder_speak() -> None:
    """Wait until the database can be written, and then for a heartbeat: a locked one had kept the holder silent."""
    with transaction() as session:
        session.execute(update(Run).where(Run.id < 0).values(id=Run.id))
    time.sleep(2 * HEARTBEAT_SECONDS)


def tell_waiting(phase: str) -> None:
    """Say on every run that waits why it does."""
    with transaction() as session:
        session.execute(update(Run).where(Run.status == "queued").values(phase=phase[:200]))


def release_dead_workers() -> None:
    """Free every run held by a worker; only for the one who holds the worker lock, which proves that all are dead."""
    held = and_(Run.status == "running", Run.lease_owner.startswith(f"worker:{socket.gethostname()[:30]}:"))
    with transaction() as session:
        session.execute(update(Run).where(held).values(heartbeat_at=None))


class Lease:
    """Keeps a claimed run's lease in a thread of its own, and passes a cancellation on to ``stop``.

    Attributes
    ----------
    reason : why the run was told to stop: cancel, shutdown of this process, lease lost, paused because nothing can be
        written; empty while it may go on.
    """

    def __init__(self, run_id: int, owner: str) -> None:
        self.run_id = run_id
        self.owner = owner
        self.stop = Stop()
        self.reason: Reason = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease of run {run_id}", daemon=True)

    def __enter__(self) -> "Lease":
        """Start to keep it."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Keep it no longer; the row is left to whoever finishes the run."""
        self._ended.set()
        self._thread.join(timeout=5)

    def end(self, reason: Reason) -> None:
        """Tell the run to stop; the first reason counts, except that a lost lease overrules."""
        if not self.reason or reason == "lost":
            self.reason = reason
        self.stop.set()

    def _keep(self) -> None:
        looks = 0
        renew_every = round(HEARTBEAT_SECONDS / LOOK_SECONDS)
        while not self._ended.wait(LOOK_SECONDS):
            looks += 1
            try:
                self._look(renew=looks % renew_every == 0)
            except OperationalError:  # the database is locked for long: the next look tries again
                continue

    def _look(self, *, renew: bool) -> None:
        with transaction() as session:
            if renew:
                beat = update(Run).where(Run.id == self.run_id, Run.lease_owner == self.owner)
                session.execute(beat.values(heartbeat_at=now()))
            query = select(Run.lease_owner, Run.cancel_requested).where(Run.id == self.run_id)
            row = session.execute(query).one_or_none()
        if row is None or row.lease_owner != self.owner:
            self.end("lost")
        elif row.cancel_requested:
            self.end("cancel")


def _free() -> ColumnElement[bool]:
    expired = or_(Run.heartbeat_at.is_(None), Run.heartbeat_at < now() - timedelta(seconds=LEASE_SECONDS))
    return or_(Run.status == "queued", and_(Run.status == "running", expired))


def _touched(result: object) -> bool:
    return isinstance(result, CursorResult) and result.rowcount == 1
