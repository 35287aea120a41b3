"""Opinions on answers are kept, changed, counted, and gone with their conversation."""

from pathlib import Path

import pytest

from accounts import conversations, opinions
from accounts.conversations import Message
from data.database import User, transaction


@pytest.fixture
def person(home: Path) -> int:
    with transaction() as session:
        row = User(email="ada@example.org", name="Ada", password_hash="-", role="user")
        session.add(row)
        session.flush()
        return row.id


def test_an_opinion_is_kept_changed_counted_and_withdrawn(person: int) -> None:
    made = opinions.give(helpful=True, provider="Groq, m", topic="Asthma", user_id=person, conversation_id=None)
    opinions.give(helpful=False, provider="Extractive", topic="", user_id=None, conversation_id=None)
    assert opinions.counts() == {"Groq, m": (1, 0), "Extractive": (0, 1)}
    assert opinions.latest() == []
    opinions.change(made, helpful=False, comment=" Too long. ")
    assert [(view.helpful, view.comment, view.topic) for view in opinions.latest()] == [(False, "Too long.", "Asthma")]
    opinions.withdraw(made)
    assert opinions.counts() == {"Extractive": (0, 1)}


def test_an_opinion_goes_with_its_conversation(person: int) -> None:
    talk = conversations.begin(person, [Message("person", "What is asthma?", {})])
    opinions.give(helpful=True, provider="x", topic="", user_id=person, conversation_id=talk, comment="About me")
    conversations.delete(talk, person)
    assert opinions.latest() == []
