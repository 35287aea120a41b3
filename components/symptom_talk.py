"""The guided part of the symptoms page: who it is about and what the trouble is, then one question at a time."""

from dataclasses import dataclass, field
from typing import get_args

import streamlit as st

from components.plain_text import plain
from components.symptom_result import warning
from rag.symptoms.assess import LONGEST_COMPLAINT, MOST_QUESTIONS, Assessment
from rag.symptoms.table import table
from rag.symptoms.urgency import Age, Lasting, Person, Sex, Strength

KEY = "symptoms"
AGES: dict[Age, str] = {"baby": "Under 1", "child": "1 to 15", "adult": "16 to 64", "older": "65 or more"}
SEXES: dict[Sex, str] = {"female": "Female", "male": "Male", "": "Not said"}
LASTING: dict[Lasting, str] = {"hours": "Hours", "days": "Days", "weeks": "Weeks", "months": "Months or more"}
STRENGTHS: dict[Strength, str] = {"mild": "Mild", "moderate": "Moderate", "severe": "Severe"}


@dataclass
class Check:
    """What somebody has said so far; lives as long as the page is open and is written down nowhere."""

    complaint: str = ""
    who: Person = field(default_factory=Person)
    answers: dict[str, bool] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    enough: bool = False


def check() -> Check:
    """Return what was said in this browser tab."""
    found: Check = st.session_state.setdefault(KEY, Check())
    return found


def start_anew() -> None:
    """Forget all that was said."""
    st.session_state[KEY] = Check()


def complaint_form() -> None:
    """Ask who it is about and what the trouble is."""
    with st.form(f"{KEY}_form", border=True):
        complaint = st.text_area(
            "The trouble, in your own words",
            key=f"{KEY}_complaint",
            max_chars=LONGEST_COMPLAINT,
            height=120,
            placeholder="For example: since yesterday I have a fever and a cough, and my chest hurts when I breathe in",
        )
        age = st.segmented_control(
            "Age in years", get_args(Age), format_func=lambda name: AGES[name], default="adult", key=f"{KEY}_age"
        )
        sex = st.segmented_control(
            "Sex", get_args(Sex), format_func=lambda name: SEXES[name], default="", key=f"{KEY}_sex"
        )
        pregnant = st.checkbox("Pregnant", key=f"{KEY}_pregnant")
        lasting = st.segmented_control(
            "For how long",
            get_args(Lasting),
            format_func=lambda name: LASTING[name],
            default="days",
            key=f"{KEY}_lasting",
        )
        strength = st.segmented_control(
            "How bad", get_args(Strength), format_func=lambda n: STRENGTHS[n], default="moderate", key=f"{KEY}_strength"
        )
        sent = st.form_submit_button("Go on", type="primary", icon=":material/arrow_forward:")
    if not sent:
        return
    if not complaint.strip():
        st.warning("Say in a few words what the trouble is.", icon=":material/edit:")
        return
    known = check()
    known.complaint = complaint
    known.who = Person(age or "adult", sex or "", pregnant, lasting or "days", strength or "moderate")
    st.rerun()


def question_card(known: Check, found: Assessment) -> None:
    """Ask for the symptom whose answer tells most, with what was understood so far."""
    warning(found)
    symptom = table().symptoms[found.question]
    asked = len(known.answers) + len(known.skipped)
    st.progress(asked / MOST_QUESTIONS, f"Question {asked + 1} of at most {MOST_QUESTIONS}")
    with st.container(border=True):
        st.subheader(symptom.ask, anchor=False)
        with st.container(horizontal=True):
            for label, icon, answer in (
                ("Yes", ":material/check:", True),
                ("No", ":material/close:", False),
                ("I do not know", ":material/question_mark:", None),
            ):
                st.button(
                    label,
                    icon=icon,
                    key=f"{KEY}_{symptom.name}_{label}",
                    on_click=_answered,
                    args=(known, symptom.name, answer),
                )
    said = [table().symptoms[name].title for name, yes in found.said.items() if yes]
    if said:
        st.caption(f"Understood from your words: {plain(', '.join(said))}.")
    with st.container(horizontal=True):
        st.button("Show what fits now", icon=":material/fact_check:", type="tertiary", on_click=_enough, args=(known,))
        st.button("Start again", icon=":material/restart_alt:", type="tertiary", on_click=start_anew)


def _answered(known: Check, symptom: str, answer: bool | None) -> None:
    if answer is None:
        known.skipped.append(symptom)
    else:
        known.answers[symptom] = answer


def _enough(known: Check) -> None:
    known.enough = True
