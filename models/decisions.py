"""Decisions about what Model Hive serves: their history, who took them and why. Written, never changed.

The champion of a task follows from the history alone: a promotion puts a version on top, a rollback takes the top one
off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.database import AuditEntry, ModelVersion, Promotion, User, transaction

SYSTEM = "MedHive"  # stands in the audit log where no person acted


class VersionError(Exception):
    """A version cannot be had or a decision cannot be taken; the message is one sentence that says why."""


@dataclass(frozen=True)
class PromotionView:
    """One decision about what Model Hive serves. ``kind`` is shipped, promote or rollback."""

    id: int
    task: str
    kind: str
    version_id: int
    version: str
    reason: str
    by: str
    at: datetime


def lock(session: Session) -> None:
    """Take SQLite's write lock before reading, so that two decisions cannot rest on the same state."""
    session.execute(text("UPDATE promotions SET reason = reason WHERE id = -1"))


def history_of(session: Session, task: str) -> list[int]:
    """Return the versions that were champion and may be gone back to, the champion last."""
    stack: list[int] = []
    query = select(Promotion.kind, Promotion.version_id).where(Promotion.task == task).order_by(Promotion.id)
    for kind, version_id in session.execute(query):
        if kind == "rollback":
            stack.pop()
        else:
            stack.append(version_id)
    return stack


def champions_of_all(session: Session) -> set[int]:
    """Return the champions of all tasks."""
    names = session.scalars(select(Promotion.task).distinct()).all()
    return {history[-1] for name in names if (history := history_of(session, name))}


def decide(session: Session, row: ModelVersion, kind: str, action: str, reason: str, by: int | None) -> None:
    """Write a decision and its audit entry; both become real with the transaction of ``session``, or neither.

    Parameters
    ----------
    kind : shipped, promote or rollback.
    action : the same in the words of the audit log.
    by : id of the person, None for the installation itself.
    """
    session.add(Promotion(task=row.task, version_id=row.id, kind=kind, reason=reason, by=by))
    _audit(session, action, row, by, reason)


def _audit(session: Session, action: str, row: ModelVersion, by: int | None, reason: str) -> None:
    person = session.get(User, by) if by is not None else None
    session.add(
        AuditEntry(
            user_id=person.id if person else None,
            user_name=person.name if person else SYSTEM,
            action=action,
            subject=f"{row.task} version {row.number}",
            detail={"reason": reason, "version_id": row.id, "sha256": row.sha256},
        )
    )


def reason_in_words(reason: str) -> str:
    """Return ``reason`` on one line; raises VersionError when there is none."""
    words = " ".join(reason.split())
    if not words:
        raise VersionError("Say why: a decision about a model needs a reason.")
    return words


def promotions(task: str | None = None) -> list[PromotionView]:
    """Return the decisions, or those about a task, newest first."""
    with transaction() as session:
        query = select(Promotion).order_by(Promotion.id.desc())
        rows: Sequence[Promotion] = session.scalars(query.where(Promotion.task == task) if task else query).all()
        people = {user.id: user.name for user in session.scalars(select(User))}
        return [
            PromotionView(
                row.id,
                row.task,
                row.kind,
                row.version_id,
                f"version {row.version.number}",
                row.reason,
                people.get(row.by or 0, SYSTEM),
                row.at,
            )
            for row in rows
        ]
