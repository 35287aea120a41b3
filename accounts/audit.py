"""The audit log: who did what to what, when. Entries are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.database import AuditEntry, User, transaction

SYSTEM = "MedHive"  # who acted where no person did: a command on the server, or the installation itself


@dataclass(frozen=True)
class Entry:
    """One act. ``detail`` holds no health data and no secret."""

    at: datetime
    user_name: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def record(
    action: str,
    subject: str,
    *,
    by: int | None,
    detail: Mapping[str, Any] | None = None,
    session: Session | None = None,
) -> None:
    """Write down one act.

    Parameters
    ----------
    action : what was done, in words ("signed in", "promoted a model").
    subject : what it was done to.
    by : id of the person; None for the installation itself.
    detail : JSON-ready facts, without health data and secrets.
    session : the open transaction the act belongs to, so that both are written or neither; None opens one.
    """
    if session is None:
        with transaction() as own:
            record(action, subject, by=by, detail=detail, session=own)
        return
    person = session.get(User, by) if by is not None else None
    session.add(
        AuditEntry(
            user_id=person.id if person else None,
            user_name=person.name if person else SYSTEM,
            action=action[:60],
            subject=subject[:200],
            detail=dict(detail or {}),
        )
    )


def entries(limit: int = 200, action: str | None = None) -> list[Entry]:
    """Return the newest ``limit`` acts, newest first; ``action`` keeps one kind."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if action is not None:
        query = query.where(AuditEntry.action == action)
    with transaction() as session:
        return [Entry(e.at, e.user_name, e.action, e.subject, dict(e.detail)) for e in session.scalars(query)]
