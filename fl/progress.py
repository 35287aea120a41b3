"""What can be read about runs: the view classes that pages, API and command line show, filled from the database.

Everything is read anew at each call, so a second browser or a reload sees the same, and a run goes on unwatched.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Row, ScalarSelect, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from data.database import ModelVersion, RoundRecord, Run, RunEvent, RunSite, SiteRound, User, now, transaction
from fl.remaining import remaining_seconds
from fl.request import RunRequest

Status = Literal["queued", "running", "done", "failed", "cancelled"]
ACTIVE: tuple[Status, ...] = ("queued", "running")
FINISHED: tuple[Status, ...] = ("done", "failed", "cancelled")
NEWEST_EVENTS = 300


class UnknownRun(ValueError):
    """No run has this number."""


@dataclass(frozen=True)
class SiteView:
    """A site of a run. ``benefit`` maps local, federated and pooled to scores {metric: {value, low, high}}."""

    position: int
    name: str
    samples: int
    positives: int
    state: str  # waiting, computing, answered, dropped, refused
    round: int  # the last round it answered
    bytes_up: int  # in total
    bytes_down: int
    benefit: dict[str, Any]
    site_id: int | None  # None: a part of public data


@dataclass(frozen=True)
class RoundView:
    """The global model after a round on the held-out rows; a metric that is not defined is NaN."""

    round: int
    loss: float
    metrics: dict[str, float]
    seconds: float
    replies: int
    failures: list[dict[str, Any]]  # {"site": name, "reason": sentence}
    at: datetime


@dataclass(frozen=True)
class SitePoint:
    """One site's update in a round on the held-out rows."""

    round: int
    position: int
    state: str  # answered, dropped, refused
    loss: float | None
    metrics: dict[str, float]
    reason: str


@dataclass(frozen=True)
class EventView:
    """A plain sentence about what happened."""

    at: datetime
    level: str  # info, warning, error
    text: str


@dataclass(frozen=True)
class RunView:
    """All that is known about a run now. ``elapsed`` and ``remaining`` are seconds."""

    id: int
    task: str
    request: RunRequest
    status: Status
    phase: str
    round: int
    rounds: int
    position_in_queue: int | None  # 1: the next to start; None: not queued
    priority: int  # of those that wait, the highest is next, then the oldest
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    elapsed: float
    remaining: float | None  # includes the warm-up, estimated from earlier runs; None: finished
    sites: list[SiteView]
    history: list[RoundView]
    site_history: list[SitePoint]
    events: list[EventView]  # oldest first
    final: dict[str, Any]  # {metric: {value, low, high}}
    seconds: dict[str, Any]  # startup, first_round, rounds, total
    executor: str
    error: str
    version_id: int | None
    mlflow_run: str
    requested_by_name: str

    @property
    def active(self) -> bool:
        """Whether it is queued or running."""
        return self.status in ACTIVE


@dataclass(frozen=True)
class Glance:
    """The little of a run that is read in a fraction of a millisecond, for whoever waits for it."""

    status: Status
    round: int
    age: float  # seconds since it was asked for

    @property
    def active(self) -> bool:
        """Whether it is queued or running."""
        return self.status in ACTIVE


@dataclass(frozen=True)
class RunSummary:
    """A line in a list of runs; ``auc`` is the final one, or the last round's while none is final."""

    id: int
    task: str
    status: Status
    strategy: str
    executor: str
    round: int
    rounds: int
    position_in_queue: int | None  # 1: the next to start; None: not queued
    priority: int
    sites: int
    auc: float | None
    created_at: datetime
    finished_at: datetime | None
    elapsed: float
    version_id: int | None
    requested_by_name: str


@dataclass(frozen=True)
class SiteBenefit:
    """What one run brought a site."""

    run_id: int
    task: str
    status: Status
    finished_at: datetime | None
    samples: int
    benefit: dict[str, Any]  # local, federated, pooled → {metric: {value, low, high}}
    version_id: int | None


class _Extra(NamedTuple):
    """What belongs to a run besides its own row."""

    version_id: int | None
    requested_by_name: str


def get_run(run_id: int) -> RunView:
    """Return all about a run; raises UnknownRun."""
    with transaction() as session:
        run = session.get(Run, run_id)
        if run is None:
            raise UnknownRun(f"run {run_id} does not exist: see the list of runs.")
        return _view(session, run)


def glance(run_id: int) -> Glance:
    """Return where a run stands; raises UnknownRun."""
    with transaction() as session:
        row = session.execute(select(Run.status, Run.round, Run.created_at).where(Run.id == run_id)).one_or_none()
    if row is None:
        raise UnknownRun(f"run {run_id} does not exist: see the list of runs.")
    status: Status = row.status
    return Glance(status, row.round, (now() - row.created_at).total_seconds())


def latest_run() -> RunView | None:
    """Return the run that was asked for last."""
    return _first(select(Run).order_by(Run.id.desc()))


def active_run() -> RunView | None:
    """Return the run that is being executed, else the next in the queue."""
    return _first(
        select(Run).where(Run.status.in_(ACTIVE)).order_by(Run.status != "running", Run.priority.desc(), Run.id)
    )


def list_runs(task: str | None = None, status: Status | None = None, limit: int = 100) -> list[RunSummary]:
    """Return the newest runs first, of one task or status when given."""
    sites = select(func.count()).where(RunSite.run_id == Run.id).scalar_subquery()
    last_metrics = (
        select(RoundRecord.metrics)
        .where(RoundRecord.run_id == Run.id)
        .order_by(RoundRecord.round.desc())
        .limit(1)
        .scalar_subquery()
    )
    version = select(func.max(ModelVersion.id)).where(ModelVersion.run_id == Run.id).scalar_subquery()
    query = select(Run, _place(), sites, last_metrics, version, User.name).outerjoin(User, User.id == Run.requested_by)
    if task is not None:
        query = query.where(Run.task == task)
    if status is not None:
        query = query.where(Run.status == status)
    with transaction() as session:
        rows = session.execute(query.order_by(Run.id.desc()).limit(limit)).all()
    return [_summary(*row) for row in rows]


def benefit_for_site(site_id: int) -> list[SiteBenefit]:
    """Return what each run with this site measured for it, the newest first."""
    version = select(func.max(ModelVersion.id)).where(ModelVersion.run_id == Run.id).scalar_subquery()
    query = (
        select(Run, RunSite, version)
        .join(RunSite, RunSite.run_id == Run.id)
        .where(RunSite.site_id == site_id)
        .order_by(Run.id.desc())
    )
    with transaction() as session:
        rows = session.execute(query).all()
    return [
        SiteBenefit(run.id, run.task, _status(run), run.finished_at, site.samples, site.benefit, version_id)
        for run, site, version_id in rows
    ]


def _first(query: Select[Run]) -> RunView | None:
    with transaction() as session:
        run = session.scalars(query.limit(1)).first()
        return None if run is None else _view(session, run)


def _view(session: Session, run: Run) -> RunView:
    history = _history(session, run.id)
    extra = _extra(session, run)
    return RunView(
        id=run.id,
        task=run.task,
        request=RunRequest.from_json(run.request),
        status=_status(run),
        phase=run.phase,
        round=run.round,
        rounds=run.rounds,
        position_in_queue=session.scalar(select(_place()).where(Run.id == run.id)),
        priority=run.priority,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        elapsed=_elapsed(run),
        remaining=remaining_seconds(session, run, [done.seconds for done in history if done.round > 0]),
        sites=_sites(session, run.id),
        history=history,
        site_history=_site_history(session, run.id),
        events=_events(session, run.id),
        final=run.final,
        seconds=run.seconds,
        executor=run.executor,
        error=run.error,
        version_id=extra.version_id,
        mlflow_run=run.mlflow_run,
        requested_by_name=extra.requested_by_name,
    )


def _place() -> ScalarSelect[int | None]:
    """Return a run's place in the queue as a subquery about its row, null unless it waits."""
    other = aliased(Run)
    earlier = or_(other.priority > Run.priority, and_(other.priority == Run.priority, other.id <= Run.id))
    count = func.nullif(func.count(), 0)
    return select(count).where(Run.status == "queued", other.status == "queued", earlier).scalar_subquery()


def _extra(session: Session, run: Run) -> _Extra:
    version = session.scalar(select(func.max(ModelVersion.id)).where(ModelVersion.run_id == run.id))
    name = session.scalar(select(User.name).where(User.id == run.requested_by)) if run.requested_by else None
    return _Extra(version, _asked_by(name))


def _summary(
    run: Run, place: int | None, sites: int, metrics: Mapping[str, Any] | None, version: int | None, name: str | None
) -> RunSummary:
    final = run.final.get("auc", {}).get("value")
    auc = final if final is not None else (metrics or {}).get("auc")
    return RunSummary(
        id=run.id,
        task=run.task,
        status=_status(run),
        strategy=str(run.request.get("strategy", "")),
        executor=run.executor,
        round=run.round,
        rounds=run.rounds,
        position_in_queue=place,
        priority=run.priority,
        sites=sites,
        auc=auc,
        created_at=run.created_at,
        finished_at=run.finished_at,
        elapsed=_elapsed(run),
        version_id=version,
        requested_by_name=_asked_by(name),
    )


def _sites(session: Session, run_id: int) -> list[SiteView]:
    rows = session.scalars(select(RunSite).where(RunSite.run_id == run_id).order_by(RunSite.position))
    return [
        SiteView(
            site.position,
            site.name,
            site.samples,
            site.positives,
            site.state,
            site.round,
            site.bytes_up,
            site.bytes_down,
            site.benefit,
            site.site_id,
        )
        for site in rows
    ]


def _history(session: Session, run_id: int) -> list[RoundView]:
    columns = (
        RoundRecord.round,
        RoundRecord.loss,
        RoundRecord.metrics,
        RoundRecord.seconds,
        RoundRecord.replies,
        RoundRecord.failures,
        RoundRecord.at,
    )
    rows = session.execute(select(*columns).where(RoundRecord.run_id == run_id).order_by(RoundRecord.round))
    return [RoundView(r.round, r.loss, _numbers(r.metrics), r.seconds, r.replies, r.failures, r.at) for r in rows]


def _site_history(session: Session, run_id: int) -> list[SitePoint]:
    columns = (
        SiteRound.round,
        SiteRound.position,
        SiteRound.state,
        SiteRound.loss,
        SiteRound.metrics,
        SiteRound.reason,
    )
    rows = session.execute(
        select(*columns).where(SiteRound.run_id == run_id).order_by(SiteRound.round, SiteRound.position)
    )
    return [_point(row) for row in rows]


def _point(row: Row[int, int, str, float | None, dict[str, Any], str]) -> SitePoint:
    return SitePoint(row.round, row.position, row.state, row.loss, _numbers(row.metrics), row.reason)


def _events(session: Session, run_id: int) -> list[EventView]:
    newest = select(RunEvent).where(RunEvent.run_id == run_id).order_by(RunEvent.id.desc()).limit(NEWEST_EVENTS)
    return [EventView(event.at, event.level, event.text) for event in reversed(session.scalars(newest).all())]


def _numbers(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Give back NaN where JSON kept null."""
    return {name: math.nan if value is None else value for name, value in metrics.items()}


def _elapsed(run: Run) -> float:
    if run.started_at is None:
        return 0.0
    return max(0.0, ((run.finished_at or now()) - run.started_at).total_seconds())


def _status(run: Run) -> Status:
    status: Status = run.status  # type: ignore[assignment]
    return status


def _asked_by(name: str | None) -> str:
    return name or "command line"
