"""The gallery of Model Hive: one card a task, with its question and what its champion reaches."""

from collections.abc import Mapping, Sequence

import streamlit as st

from components.theme import amount, figure, interval, number
from models.headline import headline
from models.task import Task
from models.versions import VersionView, champion

A_ROW = 3


def gallery(known: Mapping[str, Task], *, key: str) -> None:
    """Draw the cards; opening one puts the task into the address, so that it can be linked."""
    modalities = sorted({task.modality for task in known.values()})
    kept: Sequence[str] = modalities
    if len(modalities) > 1:
        kept = st.pills("Kind of data", modalities, selection_mode="multi", key=f"{key}_modality") or modalities
    listed = [task for task in known.values() if task.modality in kept]
    for start in range(0, len(listed), A_ROW):
        for place, task in zip(st.columns(A_ROW), listed[start : start + A_ROW], strict=False):
            with place:
                _card(task, champion(task.name), key)
    st.caption(
        "AUC is the chance that the model gives a record with the finding a higher probability than one without: 0.5 "
        "is guessing, 1 never wrong. It is measured on held-out rows that no site trains on."
    )


def open_task(name: str) -> None:
    """Put a task into the address of the page."""
    st.query_params["task"] = name


def _card(task: Task, version: VersionView | None, key: str) -> None:
    with st.container(border=True, height="stretch", key=f"{key}_card_{task.name}"):
        st.caption(task.title)
        st.subheader(task.question, anchor=False)
        st.space("stretch")  # keeps the figures of a row of cards at one height
        if version is None:
            st.markdown("No champion yet. An admin promotes one after a run; until then there is nothing to ask.")
        else:
            scores = version.manifest.get("scores", {})
            stands = headline(scores)
            score = scores.get(stands.metric)
            held_out = amount(int(version.manifest.get("n") or 0), "held-out row")
            figure(
                f"{stands.title} of the champion",
                number(score["value"] if score else None),
                f"95 % interval {interval(score)}, {held_out}" if score else "not measured",
            )
            st.caption(about(version))
        with st.container(horizontal=True):
            if task.synthetic_only or (version is not None and is_synthetic(version)):
                st.badge("synthetic data", icon=":material/science:", color="orange")
            else:
                st.badge("real public data", icon=":material/verified:", color="gray")
        st.button(
            "Ask this model" if version else "Look at this task",
            key=f"{key}_open_{task.name}",
            icon=":material/arrow_forward:",
            on_click=open_task,
            args=(task.name,),
            help=task.title,
        )


def is_synthetic(version: VersionView) -> bool:
    """Whether the version's held-out figures rest on generated rows."""
    return bool(version.manifest.get("data", {}).get("synthetic"))


def about(version: VersionView) -> str:
    """Return in a line what a version is: label, sites, date."""
    sites = len(version.manifest.get("data", {}).get("sites", ()))
    trained = f"{amount(sites, 'site')} · " if sites else ""
    return f"{version.label} · {trained}{version.created_at:%d %b %Y}"
