"""Asking for runs and following them: all that pages, API and command line use.

A run is a row. Whoever asks writes it as ``queued``; the worker takes it by lease, writes progress rows, and the
reading functions show them to any number of browsers.
"""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy.orm import Session

from accounts import audit
from data import room
from data.database import Run, RunEvent, now, transaction
from fl import doorbell
from fl.deploy.nodes import with_nodes
from fl.lease import LEASE_SECONDS
from fl.progress import (
    ACTIVE,
    EventView,
    Glance,
    RoundView,
    RunSummary,
    RunView,
    SiteBenefit,
    SitePoint,
    SiteView,
    Status,
    UnknownRun,
    active_run,
    benefit_for_site,
    get_run,
    glance,
    latest_run,
    list_runs,
)
from fl.request import RequestError, RunRequest
from fl.sites import public_split, roster
from fl.worker_status import WorkerStatus, worker_status
from models.registry import tasks

__all__ = [
    "EventView",
    "Glance",
    "RequestError",
    "RoundView",
    "RunRequest",
    "RunSummary",
    "RunView",
    "SiteBenefit",
    "SitePoint",
    "SiteView",
    "Status",
    "UnknownRun",
    "WorkerStatus",
    "WrongState",
    "active_run",
    "benefit_for_site",
    "cancel",
    "get_run",
    "glance",
    "latest_run",
    "list_runs",
    "prepare",
    "prioritise",
    "resume",
    "submit",
    "worker_status",
]


LARGEST_PRIORITY = 1_000_000


class WrongState(ValueError):
    """The run is in a state in which this cannot be done."""


def prepare() -> None:
    """Load what ``submit`` checks a request against, so that the first click is answered at once; takes seconds."""
    for task in (each for each in tasks().values() if not each.encoder):  # pictures take memory and seconds
        with suppress(RequestError):  # its data are not there
            public_split(task.name)


def submit(request: RunRequest, *, by: int | None, owner: str | None = None, priority: int = 0) -> int:
    """Ask for a run and return its number.

    Parameters
    ----------
    request : what to train.
    by : who asks; None for the command line.
    owner : lease owner that executes it itself; None leaves it to the worker.
    priority : of the runs that wait, the highest is next, then the oldest; -1,000,000 to 1,000,000.

    Raises
    ------
    RequestError
        With one sentence when the request cannot be carried out.
    """
    request = with_nodes(request).validated()
    _check_priority(priority)
    if no_room := room.trouble():
        raise RequestError(no_room)
    roster(request)  # whoever asks hears at once of a dataset or a division that cannot be
    with transaction() as session:
        run = Run(task=request.task, request=request.to_json(), rounds=request.rounds, requested_by=by, phase="queued")
        run.priority = priority
        if owner is not None:
            run.status, run.lease_owner, run.attempts, run.phase = "running", owner, 1, "starting"
            run.started_at = run.heartbeat_at = now()
        session.add(run)
        session.flush()
        detail = {"rounds": request.rounds, "strategy": request.strategy, "seed": request.seed}
        if priority:
            detail["priority"] = priority
        audit.record("asked for a run", f"run {run.id} of {request.task}", by=by, detail=detail, session=session)
        run_id = run.id
    if owner is None:
        doorbell.ring()
    return run_id


def cancel(run_id: int, *, by: int | None) -> None:
    """Ask a run to stop; one that waits, or whose worker is gone, is cancelled at once.

    Raises
    ------
    UnknownRun, WrongState
        When there is no such run, or it has finished.
    """
    with transaction() as session:
        run = _locked(session, run_id)
        if run.status not in ACTIVE:
            raise WrongState(f"run {run_id} is {run.status} already: only a queued or running one can be cancelled.")
        run.cancel_requested = True
        if run.status == "queued" or _abandoned(run):
            run.status, run.finished_at, run.phase, run.lease_owner = "cancelled", now(), "", None
            text = "Cancelled before it started." if run.round == 0 else f"Cancelled after round {run.round}."
            session.add(RunEvent(run_id=run_id, text=text, level="warning"))
        else:
            run.phase = "cancelling"
        audit.record("cancelled a run", f"run {run_id} of {run.task}", by=by, session=session)


def prioritise(run_id: int, priority: int, *, by: int | None) -> None:
    """Give a run that waits another priority: of those that wait, the highest is next, then the oldest.

    Raises
    ------
    RequestError
        When ``priority`` is not a whole number from -1,000,000 to 1,000,000.
    UnknownRun, WrongState
        When there is no such run, or it does not wait.
    """
    _check_priority(priority)
    with transaction() as session:
        run = _locked(session, run_id)
        if run.status != "queued":
            raise WrongState(f"run {run_id} is {run.status}: only one that waits can be moved in the queue.")
        detail = {"from": run.priority, "to": priority}
        run.priority = priority
        audit.record("moved a run in the queue", f"run {run_id} of {run.task}", by=by, detail=detail, session=session)


def resume(run_id: int, *, by: int | None, owner: str | None = None) -> None:
    """Queue a cancelled or failed run again; it goes on after its last checkpoint.

    Raises
    ------
    UnknownRun, WrongState
        When there is no such run, or it is active or done.
    """
    with transaction() as session:
        run = _locked(session, run_id)
        if run.status == "done":
            raise WrongState(f"run {run_id} is done: start a new one.")
        if run.status == "running" and not _abandoned(run):
            raise WrongState(f"run {run_id} is running already.")
        if run.status == "queued" and owner is None:
            raise WrongState(f"run {run_id} is queued already.")
        run.status, run.phase, run.error, run.cancel_requested = "queued", "queued", "", False
        run.started_at, run.finished_at, run.heartbeat_at, run.lease_owner, run.attempts = None, None, None, None, 0
        if owner is not None:
            run.status, run.lease_owner, run.attempts, run.phase = "running", owner, 1, "starting"
            run.started_at = run.heartbeat_at = now()
        audit.record("resumed a run", f"run {run_id} of {run.task}", by=by, session=session)
    if owner is None:
        doorbell.ring()


def _check_priority(priority: object) -> None:
    whole = isinstance(priority, int) and not isinstance(priority, bool)
    if not whole or not -LARGEST_PRIORITY <= priority <= LARGEST_PRIORITY:  # type: ignore[operator]
        raise RequestError(
            f"priority is {priority!r}: give a whole number from -{LARGEST_PRIORITY} to {LARGEST_PRIORITY}."
        )


def _locked(session: Session, run_id: int) -> Run:
    """Return the run after taking the write lock, so that what is read stays true until the commit."""
    session.execute(Run.__table__.update().where(Run.id == run_id).values(id=run_id))  # type: ignore[attr-defined]
    run = session.get(Run, run_id)
    if run is None:
        raise UnknownRun(f"run {run_id} does not exist: see the list of runs.")
    return run


def _abandoned(run: Run) -> bool:
    """Whether it counts as running though nobody executes it and no worker is there to take it up."""
    expired = run.heartbeat_at is None or run.heartbeat_at < now() - timedelta(seconds=LEASE_SECONDS)
    return run.status == "running" and expired and not worker_status().alive
