"""Asking a champion about a picture: an upload or a drawn sample on the left, the answer on the right; or a ZIP."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from components.batch_pictures import ONE, ask_pictures
from components.operating_point import operating_point
from components.overlay import enlarged, overlaid
from components.result_card import result_card
from components.similar_cases import no_answer_no_cases, similar_cases
from components.theme import NOT_FOR_CLINICAL_USE
from data.intake.pictures import NotAPicture, Picture, read_picture
from models.behaviour import curve_of_points
from models.task import Task
from models.turns import turn
from models.versions import VersionError, VersionView

if TYPE_CHECKING:
    from models.predict_picture import PictureAnswer

MANY = "A ZIP of many"


@dataclass(frozen=True)
class _Given:
    """The picture that is looked at; ``label`` is its class where it is known."""

    picture: Picture
    mark: str
    origin: str
    label: int | None = None


@st.cache_data(show_spinner=False)
def _drawn(name: str, turn: int) -> tuple[NDArray[np.uint8], int]:
    from models.registry import get_task

    rows = get_task(name).generate(turn + 1, seed=11)
    return rows.x[turn], int(rows.y[turn])


def ask_picture(task: Task, version: VersionView, *, key: str) -> None:
    """Draw input and answer for one image task."""
    assert task.pictures is not None
    asked = st.segmented_control(
        "What to ask about", [ONE, MANY], default=ONE, required=True, key=f"{key}_kind", label_visibility="collapsed"
    )
    if asked == MANY:
        ask_pictures(task, version, key=key)
        return
    left, right = st.columns([5, 6], gap="large")
    with left:
        given = _choose(task, key)
        if given is not None:
            st.image(enlarged(given.picture.pixels), width="stretch", caption=given.origin)
    with right:
        if given is None:
            with st.container(border=True):
                st.markdown("**The answer appears here**")
                st.caption(
                    "In words, with a calibrated probability, its 95 % interval, and where the model looked. "
                    "A picture that is unlike those it learnt from gets no answer, and a sentence why."
                )
            return
        answer = _answer(task, version, given, key)
        if answer is not None:
            _show(task, given, answer, key)
    curve = curve_of_points(task, version.manifest)
    if curve:
        st.space("medium")
        with st.container(border=True):
            own = float(version.manifest.get("threshold", 0.5))
            operating_point(curve, own, key=key, steps=[round(100 * each) for each in curve.thresholds])


def _choose(task: Task, key: str) -> _Given | None:
    assert task.pictures is not None
    kind = task.pictures.kind
    chosen = st.file_uploader(
        f"{kind[0].upper()}{kind[1:]}: PNG, JPEG or DICOM",
        type=["png", "jpg", "jpeg", "dcm"],
        key=f"{key}_picture",
        help="The picture is used for the answer only. Nothing of it is kept, nor what the file says of a patient.",
    )
    turn = st.session_state.get(f"{key}_turn", -1)
    if st.button("Try a drawn sample", icon=":material/science:", key=f"{key}_sample"):
        turn += 1
        st.session_state[f"{key}_turn"] = turn
    if chosen is not None:
        raw = chosen.getvalue()
        try:
            picture = read_picture(raw, task.pictures)
        except NotAPicture as error:
            st.error(str(error))
            return None
        note = f" {' '.join(picture.notes)}" if picture.notes else ""
        origin = f"As the model sees it: {task.pictures.side} × {task.pictures.side} pixels.{note}"
        return _Given(picture, hashlib.sha256(raw).hexdigest(), origin)
    if turn < 0:
        st.caption("The sample is a drawing by this program; no patient is behind it.")
        return None
    pixels, label = _drawn(task.name, turn % 40)
    origin = f"A drawing by this program of “{task.classes[label]}”; no patient is behind it."
    return _Given(Picture(pixels, False), f"drawn {turn % 40}", origin, label)


def _answer(task: Task, version: VersionView, given: _Given, key: str) -> "PictureAnswer | None":
    mark = (given.mark, version.id)
    kept = st.session_state.get(f"{key}_picture_answer")
    if kept is not None and kept[0] == mark:
        found: PictureAnswer = kept[1]
        return found
    with st.spinner(f"Asking {version.label}"):
        from models.predict import InputError
        from models.predict_picture import predict_pictures  # brings torch, only when somebody asks

        try:
            with turn():
                answer = predict_pictures(task, [given.picture], version_id=version.id)[0]
        except (InputError, VersionError) as error:
            st.error(str(error))
            return None
    st.session_state[f"{key}_picture_answer"] = (mark, answer)
    return answer


def _show(task: Task, given: _Given, answer: "PictureAnswer", key: str) -> None:
    if answer.prediction is None:
        with st.container(border=True, key=f"{key}_refused"):
            st.subheader("No answer", anchor=False)
            st.warning(answer.refusal, icon=":material/block:")
            st.caption(
                "The model was made for one kind of picture from few hospitals. It says so when a picture is unlike "
                "them, because its answer would mean nothing."
            )
            st.caption(f":material/medical_information: {NOT_FOR_CLINICAL_USE}")
        no_answer_no_cases(task, key=f"{key}_similar")
        return
    result_card(answer.prediction, key=f"{key}_result", recorded=None)
    if answer.looked is not None:
        with st.container(border=True):
            st.markdown("**Where it looked**")
            opacity = st.slider("Opacity", 0, 100, 60, format="%d %%", key=f"{key}_opacity")
            st.image(overlaid(given.picture.pixels, answer.looked, opacity / 100), width=360)
            st.caption(
                "Light blue: parts that spoke for the answer (Grad-CAM). It shows where, not why, and is as coarse as "
                f"{answer.looked.shape[0]} × {answer.looked.shape[1]} fields."
            )
    similar_cases(task, answer.prediction.version_id, given.picture.pixels, key=f"{key}_similar")
