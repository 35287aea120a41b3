"""The conversation on the companion's page: in the browser's session, and kept for signed-in people."""

from contextlib import suppress
from dataclasses import dataclass, field, replace

import streamlit as st

from accounts import conversations
from accounts.conversations import ConversationError, ConversationView, Message
from accounts.people import UserView
from components.answer_card import as_written
from components.answering import Answering
from components.picture_talk import Look
from rag.answer import Answer

_KEY = "companion"
_ROW = "companion_row"  # ("rename" or "delete", id) of the kept conversation that is about to be changed


@dataclass
class Talk:
    """The conversation on the page. ``owner`` is the person it belongs to, ``kept`` its id when it is stored."""

    owner: int | None
    kept: int | None = None
    turns: list[tuple[str, Answer | None]] = field(default_factory=list)
    answering: Answering | None = None  # of the last question, while it is being answered
    cleared: str = ""  # provider that the person allowed for the last question, once asked about personal data
    calm: bool = False  # the person says that nobody is in danger, though the last question sounds like it
    picture: bytes | None = None  # attached to the last question, until a model has looked at it
    unseen: bytes | None = None  # attached to the last question, which sounds like an emergency: no model looked at it
    look: Look | None = None  # what a model said of it, until the answer is whole
    shown: dict[int, bytes] = field(default_factory=dict)  # turn → the picture with what counted, for this page only
    opinions: dict[int, int] = field(default_factory=dict)  # turn → id of what the person thinks of its answer


def talk_of(person: UserView | None) -> Talk:
    """Return the conversation of this browser; a new one when somebody else signed in, or signed out."""
    owner = person.id if person else None
    talk = st.session_state.get(_KEY)
    if not isinstance(talk, Talk) or talk.owner != owner:
        talk = st.session_state[_KEY] = Talk(owner)
    return talk


def ask(question: str, picture: bytes | None = None, *, calm: bool = False) -> None:
    """Put a question on the page, with a picture if there is one; the run that follows answers it."""
    talk: Talk = st.session_state[_KEY]
    _leave(talk)
    talk.picture, talk.calm = picture, calm
    talk.turns.append((question, None))


def stop() -> None:
    """Stop the answer that is on its way and keep what has been said."""
    talk: Talk = st.session_state[_KEY]
    if talk.answering is None or not talk.turns or talk.turns[-1][1]:
        return
    said = talk.answering.latest or Answer("Nothing had been said yet.", provider="Stopped", abstained=True)
    said = replace(said, seconds=talk.answering.seconds, results=talk.look.results if talk.look else ())
    question = talk.turns[-1][0]
    _leave(talk)
    talk.turns[-1] = (question, replace(said, notice="You stopped this answer; it may be incomplete."))


def again(person: UserView | None) -> None:
    """Ask the last question once more, in place of its answer."""
    talk: Talk = st.session_state[_KEY]
    _leave(talk)
    talk.opinions.pop(len(talk.turns) - 1, None)
    question, given = talk.turns[-1]
    talk.turns[-1] = (question, None)
    before = talk.turns[-2] if len(talk.turns) > 1 else ("", None)
    talk.calm = before[0] == question and before[1] is not None and before[1].red_flag is not None
    if person and given and talk.kept is not None:
        with suppress(ConversationError):
            if conversations.take_back(talk.kept, person.id):
                talk.kept = None


def _leave(talk: Talk) -> None:
    if talk.answering:
        talk.answering.stop()
    talk.answering, talk.cleared, talk.calm = None, "", False
    talk.picture = talk.unseen = talk.look = None


def start_anew() -> None:
    """Leave the conversation; a kept one stays in the history."""
    _leave(st.session_state[_KEY])
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
    st.session_state.pop(_ROW, None)
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
    """List the kept conversations, to open, rename or delete."""
    with st.popover("History", icon=":material/history:", type="tertiary"):
        kept = conversations.conversations(person.id)
        if not kept:
            st.caption("Nothing yet. Conversations appear here once you have asked something.")
        for view in kept:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
                match st.session_state.get(_ROW):
                    case ("rename", view.id):
                        _title_row(person, view)
                    case ("delete", view.id):
                        _deletion_row(person, view)
                    case _:
                        _row(person, view, shown=view.id == talk.kept)


def _row(person: UserView, view: ConversationView, *, shown: bool) -> None:
    st.button(
        as_written(view.title),
        key=f"open-{view.id}",
        help=f"{view.created_at:%d %B %Y, %H:%M} UTC",
        type="secondary" if shown else "tertiary",
        on_click=open_kept,
        args=(person, view.id),
        width="stretch",
    )
    for act, icon in (("rename", ":material/edit:"), ("delete", ":material/delete:")):
        st.button(
            "",
            key=f"{act}-{view.id}",
            icon=icon,
            help=f"{act.capitalize()} this conversation",
            type="tertiary",
            on_click=st.session_state.__setitem__,
            args=(_ROW, (act, view.id)),
        )


def _title_row(person: UserView, view: ConversationView) -> None:
    st.text_input(
        "Title",
        view.title,
        key=f"title-{view.id}",
        max_chars=80,
        label_visibility="collapsed",
        on_change=_rename,
        args=(person, view.id),
    )
    st.button(
        "",
        key=f"titled-{view.id}",
        icon=":material/check:",
        help="Keep this title",
        type="tertiary",
        on_click=_rename,
        args=(person, view.id),
    )


def _deletion_row(person: UserView, view: ConversationView) -> None:
    st.markdown(f"Delete “{as_written(view.title)}”?")
    st.button("Delete", key=f"sure-{view.id}", on_click=delete_kept, args=(person, view.id))
    st.button("Keep", key=f"spare-{view.id}", type="tertiary", on_click=st.session_state.pop, args=(_ROW, None))


def _rename(person: UserView, conversation: int) -> None:
    st.session_state.pop(_ROW, None)
    try:
        conversations.rename(conversation, person.id, st.session_state[f"title-{conversation}"])
    except ConversationError as error:
        st.toast(str(error), icon=":material/error:")
