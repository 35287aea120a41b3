"""A picture in the conversation: which model looks at it, what it says, and what the companion explains beside it.

The picture goes to models on this machine only; it is neither kept nor shown to a language model. What the language
model is asked is a question of the task, such as "How is pneumonia treated?", without the result.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.overlay import overlaid
from components.plain_text import plain
from components.result_card import percent
from components.theme import NOT_FOR_CLINICAL_USE
from models.turns import turn
from rag.answer import HiveResult

if TYPE_CHECKING:
    from models.predict import Prediction
    from models.task import Task

QUESTION = "What does this picture show?"
TYPES = ("png", "jpg", "jpeg", "dcm")
MOST_MEGABYTES = 50
_SMALL = 260  # pixels of the picture beside the answer


@dataclass(frozen=True)
class Look:
    """What came of a picture. ``question`` is what the companion then answers; empty when there is no result."""

    results: tuple[HiveResult, ...]
    question: str = ""
    shown: bytes | None = None  # a PNG of the picture with what counted laid over it


@st.cache_data(ttl=60, show_spinner=False)
def kinds() -> tuple[str, ...]:
    """Return what pictures can be attached, such as "a chest X-ray"; nothing where no model looks at pictures."""
    from models.route_picture import picture_tasks

    return tuple(dict.fromkeys(task.pictures.kind for task in picture_tasks() if task.pictures))


def text_and_picture(typed: Any) -> tuple[str, bytes | None]:
    """Return what ``st.chat_input`` gave: a text, or with an attachment the text beside it and the file."""
    if isinstance(typed, str):
        return typed, None
    raw = typed.files[0].getvalue() if typed.files else None
    return typed.text.strip() or (QUESTION if raw else ""), raw


def look_at(raw: bytes) -> Look:
    """Ask the models that look at such pictures."""
    from data.intake.pictures import NotAPicture
    from models.predict import InputError
    from models.predict_picture import predict_pictures  # brings torch
    from models.route_picture import route_picture
    from models.versions import VersionError

    results, question, shown = [], "", None
    try:
        route = route_picture(raw)
        for task, picture in zip(route.tasks, route.pictures, strict=True):
            with turn():
                found = predict_pictures(task, [picture])[0]
            if found.prediction is None:
                results.append(HiveResult(task.title, (found.refusal,)))
                continue
            asked = "" if question else _question(task, found.prediction)
            results.append(replace(_result(task, found.prediction), explained=asked))
            if asked:
                question = asked
                shown = overlaid(picture.pixels, found.looked, 0.5) if found.looked is not None else None
    except (NotAPicture, InputError, VersionError) as error:
        return Look((HiveResult("No answer for this picture", (str(error),)),))
    if route.refusal:
        return Look((HiveResult("No answer for this picture", (route.refusal,)),))
    return Look(tuple(results), question, shown)


def _question(task: "Task", prediction: "Prediction") -> str:
    if prediction.refused:
        return ""
    return task.explained_by[prediction.chosen] if task.explained_by else f"What is {task.title}?"


def _result(task: "Task", prediction: "Prediction") -> HiveResult:
    if prediction.refused:
        return HiveResult(task.title, (prediction.refused,))
    about = task.classes[1 if len(task.classes) == 2 else prediction.chosen]
    ends = f"{percent(prediction.low)} to {percent(prediction.high)}"
    chance = f"Probability of {about}: {percent(prediction.probability)} (95 % interval {ends})."
    origin = ", trained on synthetic data" if prediction.synthetic else ""
    return HiveResult(task.title, (prediction.answer, chance, *prediction.warnings), f"{prediction.version}{origin}")


def result_of_picture(results: tuple[HiveResult, ...], shown: bytes | None) -> None:
    """Draw what the models said; ``shown`` is there until the page is left."""
    for result in results:
        with st.container(border=True):
            st.markdown(f"**Model Hive · {result.title}**" if result.version else f"**{result.title}**")
            if shown and result.version:
                st.image(shown, width=_SMALL)
                st.caption("Light blue: parts of the picture that spoke for the answer.")
            st.markdown("  \n".join(result.lines))
            if result.version:
                st.caption(f"{result.version} · the picture stayed on this machine and is not kept")
            st.caption(f":material/medical_information: {NOT_FOR_CLINICAL_USE}")
    if explained := [result.explained for result in results if result.explained]:
        st.markdown(f"**From the sources: {plain(explained[0])}**")
