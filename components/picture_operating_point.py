"""From which probability on an answer is positive: a slider, and what that means among 1000 patients."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from components.theme import figures
from models.task import Task


def picture_operating_point(
    task: Task, points: Sequence[Mapping[str, Any]], prevalence: float, own: float, *, key: str
) -> None:
    """Draw the slider with sensitivity, specificity and the answers per 1000 patients.

    Parameters
    ----------
    points : threshold, sensitivity and specificity on the held-out rows, from the version's manifest.
    prevalence : part of the held-out rows that is positive.
    own : the operating point of the version.
    """
    thresholds = [float(point["threshold"]) for point in points]
    chosen = st.select_slider(
        f"Operating point: from which probability on the answer is “{task.classes[1]}”",
        options=thresholds,
        value=min(thresholds, key=lambda each: abs(each - own)),
        format_func=lambda each: f"{100 * each:.0f} %",
        key=f"{key}_point",
    )
    point = points[thresholds.index(chosen)]
    ill = round(1000 * prevalence)
    found = round(ill * float(point["sensitivity"]))
    cleared = round((1000 - ill) * float(point["specificity"]))
    figures(
        [
            ("Sensitivity", f"{100 * float(point['sensitivity']):.0f} %", ""),
            ("Specificity", f"{100 * float(point['specificity']):.0f} %", ""),
        ]
    )
    st.table(
        [
            {"Of 1000": f"{ill} {task.classes[1]}", "called so": str(found), "not called so": str(ill - found)},
            {
                "Of 1000": f"{1000 - ill} {task.classes[0]}",
                "called so": str(1000 - ill - cleared),
                "not called so": str(cleared),
            },
        ],
        border="horizontal",
        hide_index=True,
    )
    st.caption(
        f"Of 1000 patients like the held-out ones, of whom {ill} have {task.classes[1]}: how many the model calls "
        f"“{task.classes[1]}” at this point. Elsewhere fewer are ill, and more of those called are well."
    )
