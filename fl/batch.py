"""What a run has to write down next, gathered, and the one short transaction that writes it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Table, delete, insert, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from data.database import RoundRecord, Run, RunEvent, RunSite, SiteRound, now
from fl.checkpoint import Checkpoint


class LeaseLost(Exception):
    """Another process holds the run now."""


# Tables, not their classes: a batch is written after every round, and through classes that takes twice as long.
RUNS, SITES, ROUNDS, EVENTS = (cast(Table, table.__table__) for table in (Run, RunSite, RoundRecord, RunEvent))
# As text, because these two write a row for every site in every round: SQLAlchemy's own way takes three times as long.
_SITES_NOW = (
    "UPDATE run_sites SET state = ?, round = max(round, ?), bytes_up = ?, bytes_down = ? "
    "WHERE run_id = ? AND position = ?"
)
_SITE_ROUNDS = (
    "INSERT OR REPLACE INTO site_rounds (run_id, round, position, state, loss, metrics, seconds, samples, reason) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(slots=True)
class SiteNow:
    """Where a site stands: its state, the last round it answered here (0: none), bytes from and to it in total."""

    state: str = "waiting"
    answered: int = 0
    up: int = 0
    down: int = 0


@dataclass(slots=True)
class SiteInRound:
    """What is known of a site's update in a round; ``metrics`` may hold numbers that JSON cannot say."""

    round: int
    state: str = "computing"
    loss: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    samples: int = 0
    reason: str = ""


@dataclass
class Batch:
    """Notes not yet written; later ones replace earlier ones about the same thing.

    Attributes
    ----------
    run : columns of the run.
    sites : rows of the run's sites, all of them.
    states : where sites stand, by position.
    site_rounds : sites' updates by (round, position).
    rounds, events : rows.
    state : what to write as checkpoint once the rows are in.
    """

    run: dict[str, Any] = field(default_factory=dict)
    sites: list[dict[str, Any]] = field(default_factory=list)
    states: dict[int, SiteNow] = field(default_factory=dict)
    site_rounds: dict[tuple[int, int], SiteInRound] = field(default_factory=dict)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    state: Checkpoint | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.run or self.sites or self.states or self.site_rounds or self.rounds or self.events)


def write(session: Session, run_id: int, owner: str, batch: Batch) -> None:
    """Write a batch; raises LeaseLost when ``owner`` does not hold the run."""
    hold(session, run_id, owner, batch.run)
    _put(session, SITES, batch.sites)
    if batch.states:
        now_at = [(site.state, site.answered, site.up, site.down, run_id, at) for at, site in batch.states.items()]
        session.connection().exec_driver_sql(_SITES_NOW, now_at)
    _put(session, ROUNDS, batch.rounds)
    if batch.site_rounds:
        rows = [
            (
                run_id,
                round,
                at,
                row.state,
                row.loss,
                json.dumps(plain(row.metrics)),
                row.seconds,
                row.samples,
                row.reason,
            )
            for (round, at), row in batch.site_rounds.items()
        ]
        session.connection().exec_driver_sql(_SITE_ROUNDS, rows)
    if batch.events:
        session.connection().execute(insert(EVENTS), batch.events)


def hold(session: Session, run_id: int, owner: str, values: Mapping[str, Any]) -> None:
    """Write columns of the run, renew the lease and by that take the write lock; raises LeaseLost."""
    mine = update(RUNS).where(RUNS.c.id == run_id, RUNS.c.lease_owner == owner)
    if session.connection().execute(mine.values(heartbeat_at=now(), **values)).rowcount != 1:
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


def _put(session: Session, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows in one statement; one whose key is there is replaced."""
    if not rows:
        return
    session.connection().execute(_upsert(table, tuple(rows[0])), rows)


@lru_cache
def _upsert(table: Table, columns: tuple[str, ...]) -> Insert:
    statement = upsert(table)
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)
