"""What a complaint may come from: alarms first, then how soon to be seen, then possibilities with what fits and not."""

from collections.abc import Sequence

import streamlit as st

from components.answer_card import as_written
from components.links import link
from components.plain_text import plain
from rag.symptoms.assess import Assessment, Possibility
from rag.symptoms.table import Soon

SOON: dict[Soon, tuple[str, str]] = {
    "emergency": ("Emergency", ":material/emergency:"),
    "today": ("See a doctor today", ":material/today:"),
    "appointment": ("Make an appointment", ":material/calendar_month:"),
    "self-care": ("Look after it at home", ":material/home:"),
}


def result(found: Assessment) -> None:
    """Show an assessment."""
    _how_soon(found)
    if found.red_flag:
        return
    st.subheader("What fits", anchor=False)
    for possibility in found.possibilities:
        _possibility(possibility, rough=not found.version)
    if found.others:
        st.subheader("Also to be thought of", anchor=False)
        st.caption("These fit what you said, and the model was never taught them: no probability can be given.")
        for possibility in found.others:
            _possibility(possibility, rough=None)
    if found.version:
        st.caption(
            f"Probabilities: model version {plain(found.version)}, trained at several sites whose texts stay there, "
            "calibrated on texts it had not seen, and moved by your answers."
        )
    else:
        st.caption(
            "No trained model has judged this, since none serves or your words are unlike those it was trained on. "
            "Shares come from a rough table of how often symptoms go with conditions, and are not calibrated."
        )
    st.caption(found.notice)


def warning(found: Assessment) -> None:
    """Show the emergency that a complaint tells of, or may mean; nothing where there is none."""
    flag = found.red_flag or found.maybe
    if not flag:
        return
    if not found.red_flag:
        st.markdown("**Your words may mean an emergency. If this is what you have, do not read on:**")
    st.error(
        f"**{as_written(flag.title)}**\n\n{as_written(flag.advice)}\n\n[{as_written(flag.link.title)}]({flag.link.url})",
        icon=":material/emergency:",
    )


def _how_soon(found: Assessment) -> None:
    warning(found)
    if found.red_flag:
        return
    title, icon = SOON[found.soon]
    reasons = [alarm for alarm in found.alarms if alarm.soon == found.soon]
    text = "\n".join(
        [
            f"**{title}.** {found.what_to_do}",
            *(f"- {alarm.why} [{alarm.source.title}]({alarm.source.url})" for alarm in reasons),
        ]
    )
    show = {"emergency": st.error, "today": st.warning}.get(found.soon, st.info)
    show(text.replace("\n", "\n\n", 1), icon=icon)


def _possibility(possibility: Possibility, *, rough: bool | None) -> None:
    with st.container(border=True):
        name = possibility.name[:1].upper() + possibility.name[1:]
        if rough is None:
            st.markdown(f"**{plain(name)}**")
        else:
            share = (
                f"about {100 * possibility.probability:.0f} %" if rough else f"{100 * possibility.probability:.0f} %"
            )
            st.progress(min(max(possibility.probability, 0.0), 1.0), f"**{plain(name)}** · {share}")
        _signs(":material/add_circle: Speaks for it", possibility.speaks_for)
        _signs(":material/do_not_disturb_on: Speaks against it", possibility.against)
        st.markdown(f"{SOON[possibility.soon][1]} {possibility.care}")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"[{possibility.source.title}]({possibility.source.url})")
            if possibility.topic:
                st.space("stretch")
                link(
                    "Ask the companion",
                    "chatbot.py",
                    key=f"symptoms_ask_{possibility.topic}",
                    icon=":material/forum:",
                    type="tertiary",
                )


def _signs(label: str, signs: Sequence[str]) -> None:
    if signs:
        st.markdown(f"{label}: {plain('; '.join(signs))}")
