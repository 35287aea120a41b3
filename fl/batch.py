"""What a run has to write down next, gathered, and the one short transaction that writes it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CursorResult, delete, insert, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import DeclarativeBase, Session

from data.database import RoundRecord, Run, RunEvent, RunSite, SiteRound, now
from fl.checkpoint import Checkpoint


class LeaseLost(Exception):
    """Another process holds the run now."""


@dataclass
class Batch:
    """Notes not yet written; later ones replace earlier ones about the same thing.

    Attributes
    ----------
    run : columns of the run.
    sites : rows of the run's sites, all of them.
    states : columns of a site by position.
    site_rounds : rows by (round, position).
    rounds, events : rows.
    state : what to write as checkpoint once the rows are in.
    """

    run: dict[str, Any] = field(default_factory=dict)
    sites: list[dict[str, Any]] = field(default_factory=list)
    states: dict[int, dict[str, Any]] = field(default_factory=dict)
    site_rounds: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    state: Checkpoint | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.run or self.sites or self.states or self.site_rounds or self.rounds or self.events)


def write(session: Session, run_id: int, owner: str, batch: Batch) -> None:
    """Write a batch; raises LeaseLost when ``owner`` does not hold the run."""
    hold(session, run_id, owner, batch.run)
    _put(session, RunSite, batch.sites)
    if batch.states:
        rows = [{"run_id": run_id, "position": position, **values} for position, values in batch.states.items()]
        session.execute(update(RunSite), sorted(rows, key=sorted))  # those with the same columns go in one statement
    _put(session, RoundRecord, batch.rounds)
    _put(session, SiteRound, list(batch.site_rounds.values()))
    if batch.events:
        session.execute(insert(RunEvent), batch.events)


def hold(session: Session, run_id: int, owner: str, values: Mapping[str, Any]) -> None:
    """Write columns of the run, renew the lease and by that take the write lock; raises LeaseLost."""
    mine = update(Run).where(Run.id == run_id, Run.lease_owner == owner)
    result = session.execute(mine.values(heartbeat_at=now(), **values))
    if not (isinstance(result, CursorResult) and result.rowcount == 1):
        raise LeaseLost(f"run {run_id} is executed by another process now.")


def forget_after(session: Session, run_id: int, owner: str, round: int | None) -> None:
    """Delete what is known of rounds after ``round``, since they are computed again; None deletes all and the sites."""
    after = -1 if round is None else round
    hold(session, run_id, owner, {"round": max(after, 0)})
    session.execute(delete(RoundRecord).where(RoundRecord.run_id == run_id, RoundRecord.round > after))
    session.execute(delete(SiteRound).where(SiteRound.run_id == run_id, SiteRound.round > after))
    if round is None:
        session.execute(delete(RunSite).where(RunSite.run_id == run_id))


def plain(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """Return metrics as JSON keeps them."""
    return {name: finite(value) for name, value in metrics.items()}


def finite(value: float) -> float | None:
    """Return None for what JSON cannot say."""
    return float(value) if math.isfinite(value) else None


def _put(session: Session, table: type[DeclarativeBase], rows: list[dict[str, Any]]) -> None:
    """Insert rows; one whose key is there replaces it."""
    if not rows:
        return
    statement = upsert(table)
    keys = [column.name for column in table.__table__.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)
