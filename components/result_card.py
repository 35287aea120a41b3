"""The answer to one record: words first, then probability with interval, what counted, version, and the caution."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

from components.answer_pdf import answer_pdf
from components.class_chances import class_chances
from components.contribution_bars import contribution_bars
from components.operating_point import operating_point
from components.probability_bar import probability_bar
from components.theme import amount
from models.registry import get_task

if TYPE_CHECKING:  # brings torch, which takes seconds, and only an answer needs it
    from models.predict import Prediction


def percent(probability: float) -> str:
    """Return a probability as a person reads it; never a flat 0 or 100 %."""
    if probability < 0.001:
        return "under 0.1 %"
    if probability > 0.999:
        return "over 99.9 %"
    return f"{100 * probability:.1f} %" if probability < 0.1 or probability > 0.9 else f"{100 * probability:.0f} %"


def result_card(prediction: "Prediction", *, key: str = "answer", recorded: int | None = None) -> None:
    """Draw one answer.

    Parameters
    ----------
    key : begins the keys of the widgets, for pages with several answers.
    recorded : for a sample, the class its record has; None for a record that somebody typed.
    """
    task = get_task(prediction.task)
    classes = task.classes
    with st.container(border=True, key=f"{key}_card"):
        if prediction.refused:
            st.subheader(prediction.answer, anchor=False)
            st.error(prediction.refused, icon=":material/block:")
            _small_print(prediction, key)
            return
        st.subheader(prediction.answer, anchor=False)
        about = classes[1 if len(classes) == 2 else prediction.chosen]
        st.markdown(
            f"Probability of **{about}**: **{percent(prediction.probability)}** "
            f"(95 % interval {percent(prediction.low)} to {percent(prediction.high)})"
        )
        if len(classes) == 2:
            ends = prediction.probability, prediction.low, prediction.high, prediction.threshold
            probability_bar(*ends, (classes[0], classes[1]), key=f"{key}_bar")
        else:
            class_chances(prediction.chances, key=f"{key}_chances")
        if recorded is not None:
            agrees = "The model agrees." if recorded == prediction.chosen else "Here the model is wrong."
            st.markdown(f":material/folder_open: The record itself says **{classes[recorded]}**. {agrees}")
        for warning in prediction.warnings:
            st.warning(warning, icon=":material/warning:")
        if prediction.contributions:
            st.markdown("**Which inputs mattered**")
            contribution_bars(prediction.contributions, task, key=f"{key}_why", chosen=prediction.chosen)
        if len(classes) == 2 and task.pictures is None:  # pictures have theirs below
            _operating_point(prediction, key)
        _small_print(prediction, key)


def _operating_point(prediction: "Prediction", key: str) -> None:
    from models.behaviour import behaviour_of
    from models.versions import VersionError

    try:
        found = behaviour_of(prediction.version_id)
    except VersionError:  # the answer is older than what is kept here
        return
    if found is None or not found.curves:
        return
    with st.expander("What the operating point means for 1000 patients", icon=":material/tune:"):
        operating_point(found.curves[0], prediction.threshold, prediction.probability, key=f"{key}_point")


def _small_print(prediction: "Prediction", key: str) -> None:
    st.divider()
    version = _version(prediction.version_id)
    origin = " · trained on synthetic data" if prediction.synthetic else ""
    st.caption(f"{prediction.version}{version}{origin} · SHA-256 {prediction.sha256[:12]}…")
    st.caption(f":material/medical_information: {prediction.not_for_clinical_use}")
    with st.container(horizontal=True):
        st.download_button(
            "Download the answer (PDF)",
            lambda: answer_pdf(prediction, get_task(prediction.task), version.removeprefix(" · ")),
            file_name=f"{prediction.task}-answer.pdf",
            mime="application/pdf",
            icon=":material/picture_as_pdf:",
            on_click="ignore",
            key=f"{key}_pdf",
        )
        st.download_button(
            "Download the answer (JSON)",
            json.dumps(asdict(prediction), indent=2, allow_nan=False),
            file_name=f"{prediction.task}-answer.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key=f"{key}_json",
        )


def _version(version_id: int) -> str:
    """Return who trained a version and when, to stand after its name; nothing for one that is not kept here."""
    from models.versions import VersionError, get_version

    try:
        manifest = get_version(version_id).manifest
    except VersionError:
        return ""
    sites, rounds = len(manifest.get("data", {}).get("sites", ())), manifest.get("rounds")
    told = [amount(sites, "site")] if sites else []
    told += [amount(int(rounds), "round")] if rounds else []
    told += [str(manifest.get("created", ""))[:10]]
    return "".join(f" · {part}" for part in told if part)
