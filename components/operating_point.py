"""Where the answer tips: a slider for the operating point, and what it means for a thousand patients, live."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from components.theme import figures

if TYPE_CHECKING:  # brings torch, which takes seconds
    from models.behaviour import Curve

_STEPS = [1, 2, 3, 5, 7, *range(10, 91, 5), 93, 95, 97, 98, 99]  # percent


class Thousand(NamedTuple):
    """A thousand patients sorted by a model: ill and found or missed, well and alarmed or left in peace."""

    found: int
    missed: int
    alarmed: int
    spared: int


def thousand(curve: "Curve", threshold: float, ill: int) -> Thousand:
    """Return what becomes of 1000 patients of whom ``ill`` have the finding, at an operating point (0 to 1)."""
    sensitivity, specificity = curve.at(threshold)
    found, spared = round(ill * sensitivity), round((1000 - ill) * specificity)
    return Thousand(found, ill - found, 1000 - ill - spared, spared)


@st.fragment
def operating_point(
    curve: "Curve",
    usual: float,
    probability: float | None = None,
    *,
    key: str,
    steps: Sequence[int] = (),
) -> None:
    """Draw the sliders and the confusion matrix for 1000 patients.

    Parameters
    ----------
    usual : the operating point that answers use (0 to 1).
    probability : of the answer above; the sentence says on which side it falls.
    steps : percent at which alone the curve is known; empty where it is known everywhere.
    """
    steps = steps or sorted({*_STEPS, round(100 * usual)})
    share = curve.positives / max(1, curve.positives + curve.negatives)
    left, right = st.columns(2)
    with left:
        percent = st.select_slider(
            "Operating point: from which probability on the answer is positive",
            steps,
            value=min(steps, key=lambda each: abs(each - 100 * usual)),
            format_func=lambda value: f"{value} %",
            key=f"{key}_threshold",
        )
    with right:
        ill = st.slider(
            f"Of 1000 patients, how many have it ({curve.name})",
            1,
            999,
            min(999, max(1, round(1000 * share))),
            key=f"{key}_ill",
        )
    threshold = percent / 100
    sensitivity, specificity = curve.at(threshold)
    counts = thousand(curve, threshold, ill)
    figures(
        [
            ("have it, found", f"{counts.found}", f"of {ill}: sensitivity {sensitivity:.0%}"),
            ("have it, missed", f"{counts.missed}", "answer negative, but wrong"),
            ("do not have it, alarmed", f"{counts.alarmed}", "answer positive, but wrong"),
            ("do not have it, left in peace", f"{counts.spared}", f"of {1000 - ill}: specificity {specificity:.0%}"),
        ]
    )
    called = counts.found + counts.alarmed
    right_of = f"{counts.found} of {called} positive answers are right" if called else "there is no positive answer"
    here = ""
    if probability is not None:
        here = f" This record is {'positive' if probability >= threshold else 'negative'} at {percent} %."
    st.caption(
        f"Of 1000 patients, at {percent} %: {right_of}.{here} Sensitivity and specificity are those of "
        f"{curve.positives} held-out rows with and {curve.negatives} without it; answers use {usual:.0%}. The second "
        "slider starts with how common it was there, which is rarely how common it is elsewhere."
    )
