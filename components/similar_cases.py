"""The training cases that are most like the one that was asked about, or why none are shown."""

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from components.input_form import shown
from components.overlay import enlarged
from components.work import Check, Unable, Work, watch
from data.table import Column
from data.texts import unpack_texts
from models.task import Task
from models.versions import VersionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from models.similar import Case, Similar

UNANSWERED = "None are looked for where the model does not answer: they would suggest an answer that there is not."


def similar_cases(task: Task, version_id: int, x: NDArray[Any], *, key: str) -> None:
    """Draw a button that looks for cases like ``x`` ((d,) inputs or a picture), and what it found.

    Parameters
    ----------
    version_id : the model version whose inputs are compared.
    """
    if no_cases(task, key=key):
        return
    with _box(key):
        found = _search(task, version_id, x, f"{key}_search", key)
        if found is None:
            return
        if task.pictures is not None:
            _pictures(task, found)
        elif task.texts is not None:
            _texts(task, found)
        else:
            _rows(task, x, found)
        st.caption(
            f"Nearest of {found.among:,} training cases ({found.source}; {task.licence}). The distance is the root "
            "mean square difference of the model's standardised inputs: 0 is the same. Alike to the model does not "
            "mean that the illness is the same."
        )


def no_cases(task: Task, *, key: str) -> bool:
    """Draw why a task shows no cases, and return True; draw nothing and return False where it shows some."""
    from models.similar import why_none

    why = why_none(task)
    if why:
        with _box(key):
            st.caption(why)
    return bool(why)


def no_answer_no_cases(task: Task, *, key: str) -> None:
    """Draw why a task shows no cases where the model did not answer."""
    if not no_cases(task, key=key):
        with _box(key):
            st.caption(UNANSWERED)


def cases_of_many(task: Task, one: str) -> str:
    """Return in words why no cases stand beside the answers to a file of many; single ones are asked under ``one``."""
    from models.similar import why_none

    return why_none(task) or (
        f"Similar cases are looked for one at a time, under “{one}”, and not where the model does not answer."
    )


@contextmanager
def _box(key: str) -> "Iterator[None]":
    with st.container(border=True, key=f"{key}_box"):
        st.markdown("**Similar cases**")
        yield


def _search(task: Task, version_id: int, x: NDArray[Any], name: str, key: str) -> "Similar | None":
    """Return what was found for ``x``; else draw how far the search is, or offer one."""
    mark = (version_id, x.tobytes())
    kept: tuple[Any, Work[Similar]] | None = st.session_state.get(name)
    if kept is not None and kept[0] != mark:
        kept[1].stop()
        kept = None
    work = kept[1] if kept else None
    if work and work.given:
        return work.given
    st.caption("The three training cases of the public data that look most alike to the model.")
    if work and not work.ended.is_set():
        watch(work, "training case", key=key)
        return None
    if work and work.error:
        st.info(work.error, icon=":material/info:")

    def start() -> None:
        st.session_state[name] = (mark, Work(partial(_look, task, version_id, x)))

    st.button("Find similar cases", icon=":material/image_search:", key=f"{key}_find", on_click=start)
    return None


def _look(task: Task, version_id: int, x: NDArray[Any], check: Check) -> "Similar":
    from models.similar import NoCases, similar_cases

    try:
        return similar_cases(task, version_id, x, check=check)
    except (NoCases, VersionError) as error:
        raise Unable(str(error)) from None


def _pictures(task: Task, found: "Similar") -> None:
    for column, case in zip(st.columns(len(found.cases)), found.cases, strict=True):
        column.image(
            enlarged(case.x), width="stretch", caption=f"{task.classes[case.label]}, distance {case.distance:.2f}"
        )


def _texts(task: Task, found: "Similar") -> None:
    texts = unpack_texts(np.stack([case.x for case in found.cases]))
    lines = [
        {"Text": text, "Found": task.classes[case.label], "Distance": f"{case.distance:.2f}"}
        for text, case in zip(texts, found.cases, strict=True)
    ]
    st.table(lines)


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
