"""Model Hive: a gallery of tasks with their champions, and for each task a place to ask it."""

import streamlit as st

from accounts.permissions import Action
from components import gate, theme
from components.ask_language import ask_language
from components.ask_model import ask_model
from components.ask_picture import ask_picture
from components.ask_text import ask_text
from components.ecg_strip import ecg_strip
from components.hive_gallery import about, gallery, is_synthetic
from components.model_tabs import model_tabs
from models.registry import tasks
from models.task import Task
from models.versions import VersionView, champion

KEY = "hive"


def page() -> None:
    """Draw the gallery, or the task that the address names."""
    gate.require(Action.VIEW_HIVE)
    known = tasks()
    name = st.query_params.get("task", "")
    if name in known:
        _task_view(known[name])
        return
    theme.page(
        "Model Hive",
        "Each card is a question that sites have taught a model together. Open one, try a sample, and see how sure "
        "the model is and what its answer rests on.",
    )
    if name:
        st.warning("There is no task with the name in this address. These are the ones there are.")
    gallery(known, key=KEY)


def _task_view(task: Task) -> None:
    key = f"{KEY}_{task.name}"
    st.button("All models", icon=":material/arrow_back:", type="tertiary", key=f"{KEY}_back", on_click=_close)
    theme.page(task.question, eyebrow=task.title)
    version = champion(task.name)
    if version is None:
        st.info(
            "This task has no champion yet, so there is no model to ask. An admin starts a run and promotes what comes "
            "out of it; the card below says what the task is about.",
            icon=":material/hourglass_empty:",
        )
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            by = (
                "Beats are named by rules; the champion for single beats is"
                if task.signal
                else "Answered by the champion,"
            )
            st.caption(f"{by} {about(version)}", width="content")
            if task.synthetic_only or is_synthetic(version):
                st.badge("synthetic data", icon=":material/science:", color="orange")
    if gate.may(Action.PREDICT):
        _ask(task, version, key)
    st.space("medium")
    model_tabs(task, version, key=key)


def _ask(task: Task, version: VersionView | None, key: str) -> None:
    """Draw input and answer for whatever kind of task; an ECG is measured where no champion names its beats, too."""
    if task.signal:
        ecg_strip(task, version, key=key)
    elif version is None:
        return
    elif task.generates:
        ask_language(task, version, key=key)
    elif task.texts is not None:
        ask_text(task, version, key=key)
    elif task.pictures is not None:
        ask_picture(task, version, key=key)
    else:
        ask_model(task, version, key=key)


def _close() -> None:
    st.query_params.clear()


page()
