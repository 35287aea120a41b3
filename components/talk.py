"""The conversation on the companion's page: in the browser's session, and kept for signed-in people."""

from contextlib import suppress
from dataclasses import dataclass, field

import streamlit as st

from accounts import conversations
from accounts.conversations import ConversationError, Message
from accounts.people import UserView
from components.answer_card import as_written
from rag.answer import Answer

_KEY = "companion"


@dataclass
class Talk:
    """The conversation on the page. ``owner`` is the person it belongs to, ``kept`` its id when it is stored."""

    owner: int | None
    kept: int | None = None
    turns: list[tuple[str, Answer | None]] = field(default_factory=list)


def talk_of(person: UserView | None) -> Talk:
    """Return the conversation of this browser; a new one when somebody else signed in, or signed out."""
    owner = person.id if person else None
    talk = st.session_state.get(_KEY)
    if not isinstance(talk, Talk) or talk.owner != owner:
        talk = st.session_state[_KEY] = Talk(owner)
    return talk


def ask(question: str) -> None:
    """Put a question on the page; the run that follows answers it."""
    st.session_state[_KEY].turns.append((question, None))


def start_anew() -> None:
    """Leave the conversation; a kept one stays in the history."""
    st.session_state[_KEY] = Talk(st.session_state[_KEY].owner)


def open_kept(person: UserView, conversation: int) -> None:
    """Show a kept conversation."""
    turns: list[tuple[str, Answer | None]] = []
    try:
        messages = conversations.read(conversation, person.id)
    except ConversationError as error:  # deleted in another window meanwhile
        st.toast(str(error), icon=":material/error:")
        return
    for message in messages:
        if message.role == "person":
            turns.append((message.text, None))
        elif turns:
            turns[-1] = (turns[-1][0], Answer.from_json(message.answer))
    st.session_state[_KEY] = Talk(person.id, conversation, turns)


def delete_kept(person: UserView, conversation: int) -> None:
    """Delete a kept conversation, also from the page; one that is gone already counts as deleted."""
    with suppress(ConversationError):
        conversations.delete(conversation, person.id)
    if st.session_state[_KEY].kept == conversation:
        start_anew()


def keep_last(person: UserView, talk: Talk) -> None:
    """Keep the last question and its answer for this person; raises ConversationError when that fails."""
    question, given = talk.turns[-1]
    if given is None:
        return
    messages = [Message("person", question, {}), Message("companion", given.text, given.to_json())]
    if talk.kept is None:
        talk.kept = conversations.begin(person.id, messages)
    else:
        conversations.extend(talk.kept, person.id, messages)


def history_menu(person: UserView, talk: Talk) -> None:
    """List the kept conversations, to open or to delete."""
    with st.popover("History", icon=":material/history:", type="tertiary"):
        kept = conversations.conversations(person.id)
        if not kept:
            st.caption("Nothing yet. Conversations appear here once you have asked something.")
        for view in kept:
            with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
                st.button(
                    as_written(view.title),
                    key=f"open-{view.id}",
                    help=f"{view.created_at:%d %B %Y, %H:%M} UTC",
                    type="secondary" if view.id == talk.kept else "tertiary",
                    on_click=open_kept,
                    args=(person, view.id),
                    width="stretch",
                )
                st.button(
                    "",
                    key=f"delete-{view.id}",
                    icon=":material/delete:",
                    help="Delete this conversation",
                    type="tertiary",
                    on_click=delete_kept,
                    args=(person, view.id),
                )
