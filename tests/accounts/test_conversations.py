"""Conversations belong to one person, and are gone when deleted."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from accounts import conversations
from accounts.conversations import ConversationError, Message
from data.database import ChatMessage, User, transaction

TALK = [Message("person", "What is asthma?", {}), Message("companion", "A condition. [1]", {"text": "A condition."})]


@pytest.fixture
def people(home: Path) -> tuple[int, int]:
    """Two people."""
    with transaction() as session:
        rows = [User(email=f"{n}@example.org", name=n, password_hash="-", role="user") for n in ("ada", "bo")]
        session.add_all(rows)
        session.flush()
        return rows[0].id, rows[1].id


def test_a_conversation_is_kept_listed_and_read_back(people: tuple[int, int]) -> None:
    made = conversations.begin(people[0], TALK)
    conversations.extend(made, people[0], [Message("person", "Is there a cure?", {})])
    assert [view.title for view in conversations.conversations(people[0])] == ["What is asthma?"]
    assert conversations.read(made, people[0])[:2] == TALK
    assert conversations.read(made, people[0])[2].text == "Is there a cure?"


def test_a_long_first_question_makes_a_short_title(people: tuple[int, int]) -> None:
    conversations.begin(people[0], [Message("person", "why  do\nI cough " * 40, {})])
    title = conversations.conversations(people[0])[0].title
    assert len(title) <= 80
    assert title.startswith("why do I cough")
    assert title.endswith("…")


def test_nobody_reads_extends_or_deletes_the_conversation_of_somebody_else(people: tuple[int, int]) -> None:
    made = conversations.begin(people[0], TALK)
    for act in (
        lambda: conversations.read(made, people[1]),
        lambda: conversations.extend(made, people[1], TALK),
        lambda: conversations.delete(made, people[1]),
    ):
        with pytest.raises(ConversationError, match="among yours"):
            act()
    assert conversations.conversations(people[1]) == []
    assert len(conversations.read(made, people[0])) == 2


def test_deleting_a_conversation_removes_its_messages(people: tuple[int, int]) -> None:
    made = conversations.begin(people[0], TALK)
    conversations.delete(made, people[0])
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(ChatMessage)) == 0


def test_an_error_while_keeping_never_repeats_what_was_said(people: tuple[int, int]) -> None:
    with pytest.raises(ConversationError) as caught:
        conversations.begin(9999, TALK)  # no such person: the database refuses
    assert "asthma" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_conversation_is_renamed_by_its_person_only_and_needs_a_title(people: tuple[int, int]) -> None:
    made = conversations.begin(people[0], TALK)
    conversations.rename(made, people[0], "  Breathing \n at night ")
    assert conversations.conversations(people[0])[0].title == "Breathing at night"
    with pytest.raises(ConversationError, match="empty"):
        conversations.rename(made, people[0], " ")
    with pytest.raises(ConversationError, match="among yours"):
        conversations.rename(made, people[1], "Mine")


def test_the_last_question_is_taken_back_with_its_answer(people: tuple[int, int]) -> None:
    made = conversations.begin(people[0], TALK)
    conversations.extend(made, people[0], [Message("person", "Is there a cure?", {}), Message("companion", "No.", {})])
    assert not conversations.take_back(made, people[0])
    assert conversations.read(made, people[0]) == TALK
    assert conversations.take_back(made, people[0])
    assert conversations.conversations(people[0]) == []
