"""Asking a champion about a text: words on the left, the answer on the right."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from components.ask_model import Sample, draw_sample
from components.links import link
from components.result_card import result_card
from components.similar_cases import no_answer_no_cases, similar_cases
from data.texts import WIDTH, cleaned, pack_texts, unpack_texts
from models.task import Task
from models.turns import turn
from models.versions import VersionError, VersionView

if TYPE_CHECKING:
    from models.predict import Prediction


def ask_text(task: Task, version: VersionView, *, key: str) -> None:
    """Draw input and answer for one text task."""
    assert task.texts is not None
    left, right = st.columns([6, 5], gap="large")
    with left:
        _sample_button(task, key)
        with st.form(f"{key}_form", border=False):
            text = st.text_area(
                f"{task.texts.kind[0].upper()}{task.texts.kind[1:]}",
                key=f"{key}_text",
                max_chars=WIDTH,
                height=160,
                help="The text is used for the answer only; nothing of it is kept.",
            )
            sent = st.form_submit_button(
                "Ask the model", type="primary", icon=":material/neurology:", key=f"{key}_submit"
            )
    with right:
        if sent:
            st.session_state.pop(f"{key}_answer", None)  # an answer never stands beside words it was not given for
            _ask(task, version, text, key)
        _show_answer(task, key)


def _sample_button(task: Task, key: str) -> None:
    st.button("Try a sample", icon=":material/science:", key=f"{key}_sample", on_click=_put_sample, args=(task, key))
    sample: Sample | None = st.session_state.get(f"{key}_known")
    st.caption(sample.origin if sample else "Fills in a text to try.")


def _put_sample(task: Task, key: str) -> None:
    turn = st.session_state.get(f"{key}_turn", -1) + 1
    st.session_state[f"{key}_turn"] = turn
    sample = draw_sample(task, turn)
    st.session_state[f"{key}_known"] = sample
    st.session_state[f"{key}_text"] = unpack_texts(sample.row[None])[0]
    st.session_state.pop(f"{key}_answer", None)


def _ask(task: Task, version: VersionView, text: str, key: str) -> None:
    assert task.texts is not None
    with st.spinner(f"Asking {version.label}"):
        from models.predict import InputError
        from models.predict_text import predict_texts  # brings torch, only when somebody asks

        try:
            with turn():
                answer = predict_texts(task, [text], version_id=version.id)[0]
        except (InputError, VersionError) as error:
            st.error(str(error))
            return
    sample: Sample | None = st.session_state.get(f"{key}_known")
    same = sample is not None and unpack_texts(sample.row[None]) == [text]
    row = pack_texts([cleaned(text, task.texts.kind)])[0]
    st.session_state[f"{key}_answer"] = (answer, sample.label if sample and same else None, row)


def _show_answer(task: Task, key: str) -> None:
    kept: tuple[Prediction, int | None, NDArray[np.uint8]] | None = st.session_state.get(f"{key}_answer")
    if kept is None:
        with st.container(border=True):
            st.markdown("**The answer appears here**")
            st.caption(
                "In words, with calibrated probabilities and their 95 % intervals. A text that is unlike those it "
                "learnt from gets no answer, and a sentence why."
            )
    else:
        answer, recorded, row = kept
        result_card(answer, key=f"{key}_result", recorded=recorded)
        if answer.refused:
            no_answer_no_cases(task, key=f"{key}_similar")
        else:
            similar_cases(task, answer.version_id, row, key=f"{key}_similar")
    if task.texts is not None and task.texts.mind:
        st.caption(task.texts.mind)
    if task.name == "symptoms":
        st.caption(
            "It learnt from texts written for teaching; in other words it is often wrong. How soon to be "
            "seen, emergencies first, questions and sources:"
        )
        link("Open the symptom check", "symptoms.py", key=f"{key}_check", icon=":material/stethoscope:")
