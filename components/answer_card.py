"""One answer of the companion: its sentences with numbered sources, or the red card of an emergency."""

import re

import streamlit as st

from components.graph_picture import graph_picture
from components.picture_talk import result_of_picture
from components.sources_panel import sources_panel
from rag.answer import Answer, may_be_answered
from rag.guardrails import RedFlag

_MARKS = re.compile(r"([\\`*_\[\]<>#$:|~&^{}])")


def as_written(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it stands: no markup, no link, no picture."""
    return _MARKS.sub(r"\\\1", text).replace("\n", "  \n")


def answer_card(answer: Answer, *, anchor: str, picture: bytes | None = None) -> None:
    """Show ``answer``; ``anchor`` is unique on the page, ``picture`` what a model looked at, while it is there."""
    if answer.red_flag:
        _red_card(answer.red_flag, answer.lead)
        return
    result_of_picture(answer.results, picture)
    if answer.notice:
        st.info(as_written(answer.notice), icon=":material/info:")
    if answer.abstained:
        st.markdown(as_written(answer.text))
    elif answer.lead:
        st.caption(as_written(answer.lead))
    for paragraph in answer.paragraphs:
        st.markdown(" ".join(_sentence(text, numbers, anchor) for text, numbers in paragraph))
    if answer.sources:
        sources_panel(answer.sources, anchor=anchor)
    if answer.original:
        with st.expander(f"In English, before it was put into {answer.language}", icon=":material/translate:"):
            for paragraph in answer.original:
                st.markdown(" ".join(_sentence(text, numbers, anchor) for text, numbers in paragraph))
            st.caption("These sentences were checked against the sources; of the translation only the numbers were.")
    graph_picture(answer.facts, key=f"{anchor}-graph")
    st.caption(small_print(answer))
    if answer.sent:
        with st.expander("What left this machine", icon=":material/outbound:"):
            st.markdown(as_written(answer.sent))
            st.caption("The question, with the passages above and up to three earlier turns, cleaned in the same way.")


def growing(answer: Answer) -> None:
    """Show what has been said so far of an answer that is not whole yet; its numbers open nothing before it is."""
    for line in (answer.notice, answer.lead):
        if line:
            st.caption(as_written(line))
    for paragraph in answer.paragraphs:
        st.markdown(
            " ".join(f"{as_written(text)} {as_written(''.join(f'[{n}]' for n in marks))}" for text, marks in paragraph)
        )


def small_print(answer: Answer) -> str:
    """Return who answered, in what time, with how many tokens, from how many sources, and what was left out."""
    parts = [as_written(answer.provider)]
    if answer.sources and answer.verbatim:
        parts[0] += ", word for word"
    parts.append(f"{answer.seconds:.2f} s" if answer.seconds >= 0.01 else "under 0.01 s")
    if answer.language:
        parts.append(f"translated into {answer.language}")
    if answer.tokens:
        parts.append(f"{answer.tokens:,} tokens")
    if answer.sources:
        parts.append(f"{len(answer.sources)} source{'s' if len(answer.sources) > 1 else ''}")
    if answer.removed:
        parts.append(f"{answer.removed} sentence{'s' if answer.removed > 1 else ''} left out: no source backs them")
    return " · ".join(parts)


def _sentence(text: str, numbers: tuple[int, ...], anchor: str) -> str:
    marks = "\u2060".join(  # a word joiner keeps the numbers on one line
        rf"[\[{number}\]](#{anchor}-{number})" for number in numbers
    )
    return f"{as_written(text)} {marks}"


def _red_card(flag: RedFlag, lead: str) -> None:
    before = f"**{as_written(lead)}**\n\n" if lead else ""
    st.error(
        f"{before}**{as_written(flag.title)}**\n\n{as_written(flag.advice)}\n\n[{as_written(flag.link.title)}]({flag.link.url})",
        icon=":material/emergency:",
    )
    otherwise = "" if may_be_answered(flag) else " If it does not fit, ask again in other words."
    st.caption(f"This text is fixed and came before any search.{otherwise}")
