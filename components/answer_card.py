"""One answer of the companion: its sentences with numbered sources, or the red card of an emergency."""

import re

import streamlit as st

from components.graph_picture import graph_picture
from components.sources_panel import sources_panel
from rag.answer import Answer
from rag.guardrails import RedFlag

_MARKS = re.compile(r"([\\`*_\[\]<>#$:|~&^{}])")


def as_written(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it stands: no markup, no link, no picture."""
    return _MARKS.sub(r"\\\1", text).replace("\n", "  \n")


def answer_card(answer: Answer, *, anchor: str) -> None:
    """Show ``answer``; ``anchor`` is unique on the page."""
    if answer.red_flag:
        _red_card(answer.red_flag)
        return
    if answer.abstained:
        st.markdown(as_written(answer.text))
    for paragraph in answer.paragraphs:
        st.markdown(" ".join(_sentence(text, numbers, anchor) for text, numbers in paragraph))
    if answer.sources:
        sources_panel(answer.sources, anchor=anchor)
    graph_picture(answer.facts, key=f"{anchor}-graph")
    st.caption(small_print(answer))


def small_print(answer: Answer) -> str:
    """Return who answered, in what time, from how many sources."""
    time = f"{answer.seconds:.2f} s" if answer.seconds >= 0.01 else "under 0.01 s"
    if not answer.sources:
        return f"{answer.provider} · {time}"
    count = len(answer.sources)
    return f"{answer.provider}, word for word · {time} · {count} source{'s' if count > 1 else ''}"


def _sentence(text: str, numbers: tuple[int, ...], anchor: str) -> str:
    marks = "\u2060".join(  # a word joiner keeps the numbers on one line
        rf"[\[{number}\]](#{anchor}-{number})" for number in numbers
    )
    return f"{as_written(text)} {marks}"


def _red_card(flag: RedFlag) -> None:
    st.error(
        f"**{as_written(flag.title)}**\n\n{as_written(flag.advice)}\n\n[{as_written(flag.link.title)}]({flag.link.url})",
        icon=":material/emergency:",
    )
    st.caption("This text is fixed and came before any search. If it does not fit, ask again in other words.")
