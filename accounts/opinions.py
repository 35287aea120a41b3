"""Thumbs and comments on answers of the companion. A comment is health talk: it is never logged."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from data.database import Opinion, transaction

LONGEST_COMMENT = 1000  # characters


@dataclass(frozen=True)
class OpinionView:
    """One opinion, without the name of the person."""

    helpful: bool
    comment: str
    provider: str
    topic: str
    at: datetime


def give(
    *, helpful: bool, provider: str, topic: str, user_id: int | None, conversation_id: int | None, comment: str = ""
) -> int:
    """Keep an opinion and return its id."""
    with transaction() as session:
        row = Opinion(
            helpful=helpful,
            provider=provider[:120],
            topic=topic[:200],
            user_id=user_id,
            conversation_id=conversation_id,
            comment=comment.strip()[:LONGEST_COMMENT],
        )
        session.add(row)
        session.flush()
        return row.id


def change(opinion: int, *, helpful: bool, comment: str) -> None:
    """Put another thumb or comment in place; one that is gone with its conversation stays gone."""
    with transaction() as session:
        if row := session.get(Opinion, opinion):
            row.helpful = helpful
            row.comment = comment.strip()[:LONGEST_COMMENT]


def withdraw(opinion: int) -> None:
    """Remove an opinion."""
    with transaction() as session:
        if row := session.get(Opinion, opinion):
            session.delete(row)


def counts() -> dict[str, tuple[int, int]]:
    """Return, by provider, how many thumbs point up and down."""
    query = select(Opinion.provider, Opinion.helpful, func.count()).group_by(Opinion.provider, Opinion.helpful)
    found: dict[str, tuple[int, int]] = {}
    with transaction() as session:
        for provider, helpful, count in session.execute(query):
            up, down = found.get(provider, (0, 0))
            found[provider] = (up + count, down) if helpful else (up, down + count)
    return found


def latest(most: int = 20) -> list[OpinionView]:
    """Return the latest opinions that have a comment, newest first."""
    query = select(Opinion).where(Opinion.comment != "").order_by(Opinion.id.desc()).limit(most)
    with transaction() as session:
        return [OpinionView(r.helpful, r.comment, r.provider, r.topic, r.at) for r in session.scalars(query)]
