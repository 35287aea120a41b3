"""A signed-in person's conversations with the companion: kept, listed, opened, renamed, deleted; only by that person.

Messages are health talk: nothing of them is logged, and an error here never repeats their text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from data.database import ChatMessage, Conversation, transaction

_TITLE = 80  # characters of the first question that name a conversation


class ConversationError(Exception):
    """A conversation could not be found or kept; the message is one sentence without its content."""


@dataclass(frozen=True)
class Message:
    """A question (role ``person``) or an answer (role ``companion``, with the answer as plain values)."""

    role: str
    text: str
    answer: dict[str, Any]


@dataclass(frozen=True)
class ConversationView:
    """A line of the list of conversations."""

    id: int
    title: str
    created_at: datetime


def begin(user_id: int, messages: Sequence[Message]) -> int:
    """Keep a new conversation that starts with ``messages`` and return its id."""
    question = next((message.text for message in messages if message.role == "person"), "Conversation")
    try:
        with transaction() as session:
            conversation = Conversation(user_id=user_id, title=_as_title(question))
            conversation.messages = [_row(message) for message in messages]
            session.add(conversation)
            session.flush()
            return conversation.id
    except SQLAlchemyError:
        raise ConversationError("The conversation could not be kept; try again.") from None


def extend(conversation_id: int, user_id: int, messages: Sequence[Message]) -> None:
    """Add ``messages`` to the end of a conversation of this person."""
    try:
        with transaction() as session:
            conversation = _own(session, conversation_id, user_id)  # a name keeps it alive until the commit
            conversation.messages.extend(map(_row, messages))
    except SQLAlchemyError:
        raise ConversationError("The last messages could not be kept; try again.") from None


def conversations(user_id: int, limit: int = 50) -> list[ConversationView]:
    """Return this person's conversations, newest first."""
    query = select(Conversation).where(Conversation.user_id == user_id).order_by(Conversation.id.desc()).limit(limit)
    with transaction() as session:
        return [ConversationView(row.id, row.title, row.created_at) for row in session.scalars(query)]


def read(conversation_id: int, user_id: int) -> list[Message]:
    """Return the messages of a conversation of this person, oldest first."""
    with transaction() as session:
        conversation = _own(session, conversation_id, user_id)
        return [Message(row.role, row.text, dict(row.answer or {})) for row in conversation.messages]


def rename(conversation_id: int, user_id: int, title: str) -> None:
    """Give a conversation of this person another title, of at most 80 characters."""
    if not title.strip():
        raise ConversationError("The title is empty; write a few words.")
    with transaction() as session:
        conversation = _own(session, conversation_id, user_id)
        conversation.title = _as_title(title)


def take_back(conversation_id: int, user_id: int) -> bool:
    """Remove the last question with its answer; return whether the conversation is gone, since it had no other."""
    with transaction() as session:
        conversation = _own(session, conversation_id, user_id)
        kept = len(conversation.messages)
        while kept and conversation.messages[kept - 1].role != "person":
            kept -= 1
        del conversation.messages[max(0, kept - 1) :]
        if conversation.messages:
            return False
        session.delete(conversation)
        return True


def delete(conversation_id: int, user_id: int) -> None:
    """Remove a conversation of this person with all its messages."""
    with transaction() as session:
        session.delete(_own(session, conversation_id, user_id))


def _own(session: Session, conversation_id: int, user_id: int) -> Conversation:
    conversation = session.get(Conversation, conversation_id)
    if conversation is None or conversation.user_id != user_id:
        raise ConversationError("There is no such conversation among yours.")
    return conversation


def _as_title(text: str) -> str:
    title = " ".join(text.split())
    return title if len(title) <= _TITLE else title[: _TITLE - 1].rstrip() + "…"


def _row(message: Message) -> ChatMessage:
    return ChatMessage(role=message.role, text=message.text, answer=message.answer)
