"""Symptoms: say what the trouble is, answer a few questions, see what fits and how soon to be seen. No diagnosis."""

import streamlit as st

from components import theme
from components.symptom_result import result
from components.symptom_talk import Check, check, complaint_form, question_card, start_anew
from models.complaints import reader
from rag.symptoms.assess import NOTICE, ComplaintError, assess

WIDTH = 760


def page() -> None:
    """Draw the form, then the questions, then the result."""
    known = check()
    theme.page(
        "What is the trouble?",
        "Say it in your own words and answer a few questions. You see what fits, what speaks for and against it, and "
        "how soon a doctor should look. It cannot examine you and makes no diagnosis.",
    )
    if not known.complaint:
        complaint_form()
        st.caption(NOTICE + " Nothing you write here is kept.")
        return
    _weigh(known)


def _weigh(known: Check) -> None:
    try:
        with st.spinner("Weighing what you said …"):
            found = assess(known.complaint, known.who, known.answers, frozenset(known.skipped), reader())
    except ComplaintError as error:
        known.complaint = ""
        st.warning(str(error), icon=":material/edit:")
        complaint_form()
        return
    if found.question and not known.enough and not found.red_flag:
        question_card(known, found)
        return
    result(found)
    st.button("Start again", icon=":material/restart_alt:", on_click=start_anew, key="symptoms_again")


with st.container(horizontal_alignment="center"), st.container(width=WIDTH):
    page()
