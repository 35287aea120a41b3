"""Asking a champion: a sample or a form or a file on the left, the answer on the right."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from components.batch_answers import FORM, ask_file
from components.input_form import fill, input_form
from components.result_card import result_card
from components.similar_cases import no_answer_no_cases, similar_cases
from data.public import DataMissing
from data.table import FloatArray
from models.task import Task
from models.turns import turn
from models.versions import VersionError, VersionView

if TYPE_CHECKING:
    from models.predict import Prediction

FILE = "A file of many"


@dataclass(frozen=True)
class Sample:
    """A record to try, and what is known about it."""

    row: NDArray[Any]  # (d,)
    label: int
    origin: str  # one sentence: where the record comes from


@dataclass(frozen=True)
class Held:
    """Held-out rows to draw samples from."""

    x: NDArray[Any]
    y: tuple[int, ...]
    source: str
    synthetic: bool


@st.cache_data(show_spinner=False)
def _held_out(name: str) -> Held:
    """Return the held-out rows of a task's public data, else generated rows when the public data cannot be had."""
    from data.partition import hold_out
    from models.registry import get_task

    task = get_task(name)
    try:
        public = task.public()
    except DataMissing:
        rows = task.generate(60, seed=7)
    else:
        rows = public.take(hold_out(public).heldout)
    return Held(rows.x, tuple(int(label) for label in rows.y), rows.source, rows.synthetic)


def draw_sample(task: Task, turn: int) -> Sample:
    """Return the ``turn``-th sample in an order that mixes classes and is the same for everybody."""
    held = _held_out(task.name)
    index = int(np.random.default_rng(0).permutation(len(held.y))[turn % len(held.y)])
    if held.synthetic:
        origin = f"A generated record, no patient is behind it ({held.source})."
    else:
        origin = f"A real held-out record that no site trained on ({held.source})."
    return Sample(held.x[index], held.y[index], origin)


def ask_model(task: Task, version: VersionView, *, key: str) -> None:
    """Draw input and answer for one task."""
    kind = st.segmented_control(
        "What to ask about",
        [FORM, FILE],
        default=FORM,
        required=True,
        key=f"{key}_kind",
        label_visibility="collapsed",
    )
    if kind == FILE:
        ask_file(task, version, key=key)
        return
    left, right = st.columns([6, 5], gap="large")
    with left:
        _sample_button(task, key)
        filled = input_form(task.schema, key=_form_key(key), submit="Ask the model")
    with right:
        if filled.sent:
            st.session_state.pop(f"{key}_answer", None)  # an answer never stands beside inputs it was not given for
        if filled.row is not None:
            _ask(task, version, filled.row, key)
        _show_answer(task, key)


def _form_key(key: str) -> str:
    return f"{key}_input"


def _sample_button(task: Task, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Try a sample", icon=":material/science:", key=f"{key}_sample", on_click=_put_sample, args=(task, key)
        )
    sample: Sample | None = st.session_state.get(f"{key}_sample_row")
    if sample is None:
        st.caption("Fills the form with a record to try. The form itself starts with typical values.")
    else:
        st.caption(sample.origin)


def _put_sample(task: Task, key: str) -> None:
    turn = st.session_state.get(f"{key}_turn", -1) + 1
    sample = draw_sample(task, turn)
    st.session_state[f"{key}_turn"] = turn
    st.session_state[f"{key}_sample_row"] = sample
    st.session_state.pop(f"{key}_answer", None)
    fill(task.schema, _form_key(key), sample.row)


def _ask(task: Task, version: VersionView, row: FloatArray, key: str) -> None:
    with st.spinner(f"Asking {version.label}"):
        from models.predict import InputError, predict  # brings torch and shap, only when somebody asks

        try:
            with turn():
                answer = predict(task, row[None, :], version_id=version.id)[0]
        except (InputError, VersionError) as error:
            st.error(str(error))
            return
    sample: Sample | None = st.session_state.get(f"{key}_sample_row")
    same = sample is not None and np.allclose(row, sample.row, rtol=1e-5, atol=1e-6, equal_nan=True)
    st.session_state[f"{key}_answer"] = (answer, sample.label if sample is not None and same else None, row)


def _show_answer(task: Task, key: str) -> None:
    kept: tuple[Prediction, int | None, FloatArray] | None = st.session_state.get(f"{key}_answer")
    if kept is not None:
        answer, recorded, row = kept
        result_card(answer, key=f"{key}_result", recorded=recorded)
        if answer.refused:
            no_answer_no_cases(task, key=f"{key}_similar")
        else:
            similar_cases(task, answer.version_id, row, key=f"{key}_similar")
        return
    with st.container(border=True):
        st.markdown("**The answer appears here**")
        st.caption(
            "In words, with a calibrated probability, its 95 % interval, and the inputs that mattered most. "
            "Try a sample first, or fill in the form."
        )
