"""The training cases that are most like the one that was asked about, or why none are shown."""

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from components.input_form import shown
from components.overlay import enlarged
from data.table import Column
from models.task import Task
from models.versions import VersionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.similar import Case, Similar


def similar_cases(task: Task, version_id: int, x: NDArray[Any], *, key: str) -> None:
    """Draw a button that looks for cases like ``x`` ((d,) inputs or a picture), and what it found.

    Parameters
    ----------
    version_id : the model version whose inputs are compared.
    """
    from models.similar import NoCases, why_none
    from models.similar import similar_cases as find

    with st.container(border=True, key=f"{key}_box"):
        st.markdown("**Similar cases**")
        if why := why_none(task):
            st.caption(why)
            return
        mark = (version_id, x.tobytes())
        kept: tuple[Any, Similar] | None = st.session_state.get(f"{key}_found")
        if kept is None or kept[0] != mark:
            st.caption("The three training cases of the public data that look most alike to the model.")
            if not st.button("Find similar cases", icon=":material/image_search:", key=f"{key}_find"):
                return
            wait = " The first time this takes up to a minute." if task.encoder else ""
            try:
                with st.spinner(f"Comparing with the training cases.{wait}"):
                    kept = (mark, find(task, version_id, x))
            except (NoCases, VersionError) as error:
                st.info(str(error), icon=":material/info:")
                return
            st.session_state[f"{key}_found"] = kept
            st.rerun()
        found = kept[1]
        if task.pictures is None:
            _rows(task, x, found)
        else:
            _pictures(task, found)
        st.caption(
            f"Nearest of {found.among:,} training cases ({found.source}; {task.licence}). The distance is the root "
            "mean square difference of the model's standardised inputs: 0 is the same. Alike to the model does not "
            "mean that the illness is the same."
        )


def _pictures(task: Task, found: "Similar") -> None:
    for column, case in zip(st.columns(len(found.cases)), found.cases, strict=True):
        column.image(
            enlarged(case.x), width="stretch", caption=f"{task.classes[case.label]}, distance {case.distance:.2f}"
        )


def _rows(task: Task, x: NDArray[Any], found: "Similar") -> None:
    beside = {"This record": x} | {f"Case {number}": case.x for number, case in enumerate(found.cases, 1)}
    lines = [
        {"": "Found", "This record": "", **_of_each(found, lambda case: task.classes[case.label])},
        {"": "Distance", "This record": "", **_of_each(found, lambda case: f"{case.distance:.2f}")},
    ]
    for at, column in enumerate(task.schema.columns):
        lines.append(
            {"": column.title_with_unit} | {name: _cell(column, float(row[at])) for name, row in beside.items()}
        )
    st.dataframe(lines, hide_index=True, width="stretch")


def _of_each(found: "Similar", words: "Callable[[Case], str]") -> dict[str, str]:
    return {f"Case {number}": words(case) for number, case in enumerate(found.cases, 1)}


def _cell(column: Column, value: float) -> str:
    if np.isnan(value):
        return "not known"
    return column.levels[int(value)] if column.levels else shown(value)
