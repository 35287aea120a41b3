"""What can be done with an answer: copy it, ask once more, say whether it helped or that nobody is in danger."""

import streamlit as st

from accounts import opinions
from accounts.people import UserView
from components.copy_button import copy_button
from components.talk import Talk, again, ask
from rag.answer import Answer, may_be_answered

_UP = 1  # what st.feedback gives for the thumb up


def answer_acts(person: UserView | None, talk: Talk, number: int, answer: Answer) -> None:
    """Draw the acts below the answer of turn ``number``; only the last question can be asked once more."""
    if answer.red_flag:
        if number == len(talk.turns) - 1 and may_be_answered(answer.red_flag):
            st.button(
                "Nobody is in danger now: answer it",
                key=f"calm-{number}",
                type="tertiary",
                icon=":material/search:",
                on_click=ask,
                args=(talk.turns[number][0], talk.unseen),
                kwargs={"calm": True},
            )
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        copy_button(_as_plain(answer), key=f"copy-{number}")
        if number == len(talk.turns) - 1 and not answer.results:  # an attached picture is not kept
            st.button(
                "Again",
                key=f"retry-{number}",
                icon=":material/refresh:",
                help="Ask this question once more",
                type="tertiary",
                on_click=again,
                args=(person,),
            )
        thumbs = st.feedback("thumbs", key=_key("thumb", talk, number))
    if thumbs is None:
        if number in talk.opinions:
            opinions.withdraw(talk.opinions.pop(number))
        return
    comment = st.text_input(
        "What was good or bad about it?",
        key=_key("comment", talk, number),
        max_chars=opinions.LONGEST_COMMENT,
        placeholder="A comment for the administrators, if you like",
        label_visibility="collapsed",
    )
    if number in talk.opinions:
        opinions.change(talk.opinions[number], helpful=thumbs == _UP, comment=comment)
    else:
        talk.opinions[number] = opinions.give(
            helpful=thumbs == _UP,
            provider=answer.provider,
            topic=answer.topic,
            user_id=person.id if person else None,
            conversation_id=talk.kept,
            comment=comment,
        )
    st.caption("Kept, thank you." if comment else "Kept.")


def _key(name: str, talk: Talk, number: int) -> str:
    """Return a key that belongs to this turn of this conversation only."""
    return f"{name}-{id(talk)}-{number}"


def _as_plain(answer: Answer) -> str:
    sources = "\n".join(f"[{source.number}] {source.title}: {source.url}" for source in answer.sources)
    results = "\n".join(" ".join((entry.title + ":", *entry.lines, entry.version)).rstrip() for entry in answer.results)
    return "\n\n".join(part for part in (results, answer.text, sources, answer.disclaimer) if part)
