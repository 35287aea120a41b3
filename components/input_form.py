"""A form for one record, built from a task's columns: groups, units, ranges, choices, gaps where they are allowed."""

import math
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np
import streamlit as st

from data.intake.rules import wanted
from data.table import Column, FloatArray, TableSchema

NOT_KNOWN = "not known"
_MANY = 16  # a form longer than this is divided into groups


class Filled(NamedTuple):
    """What came of drawing the form: whether it was submitted just now, and the record (d,) if nothing is wrong."""

    sent: bool
    row: FloatArray | None


def shown(value: float) -> str:
    """Return ``value`` as a person would write it: at most five significant digits, no exponent in common ranges."""
    return f"{value:.5g}"


def complaint(column: Column, value: float | None) -> str:
    """Return one sentence about what is wrong with ``value`` and what would be right; empty when nothing is."""
    if value is None:
        return "" if column.nullable else f"{column.title} is needed: {wanted(column)}."
    if column.kind == "category":
        right = value in column.levels
    else:
        whole = column.kind == "number" or float(value).is_integer()
        right = math.isfinite(value) and column.low <= value <= column.high and whole
    return "" if right else f"{column.title} must be {wanted(column)}."


def grouped(columns: Sequence[Column]) -> list[tuple[str, list[Column]]]:
    """Divide many columns into groups named by the words that their titles begin with; a short form is one group.

    Where titles do not fall into two to six groups of at least three, there are groups of ten in the order they stand.
    """
    if len(columns) <= _MANY:
        return [("", list(columns))]
    groups: dict[str, list[Column]] = {}
    for column in columns:
        groups.setdefault(column.title.split()[0].lower(), []).append(column)
    if 2 <= len(groups) <= 6 and all(len(group) >= 3 for group in groups.values()):
        return [(_shared_beginning(group), group) for group in groups.values()]
    tens = [list(columns[start : start + 10]) for start in range(0, len(columns), 10)]
    return [(f"Values {10 * index + 1} to {10 * index + len(ten)}", ten) for index, ten in enumerate(tens)]


def _shared_beginning(columns: Sequence[Column]) -> str:
    """Return the words with which all titles begin, without a joining word at the end: "Standard error"."""
    shared = [
        words[0]
        for words in takewhile(lambda w: len(set(w)) == 1, zip(*(c.title.split() for c in columns), strict=False))
    ]
    while len(shared) > 1 and shared[-1] in ("of", "in", "for", "at"):
        shared.pop()
    return " ".join(shared)


def fill(schema: TableSchema, key: str, row: FloatArray) -> None:
    """Put one record (d,) into the form ``key``; to be called from a callback, before the form is drawn."""
    for column, value in zip(schema.columns, row, strict=True):
        st.session_state[f"{key}_{column.name}"] = _widget_value(column, float(value))


def input_form(schema: TableSchema, *, key: str, submit: str) -> Filled:
    """Draw the form, and return what it holds in the moment it is submitted.

    Values start at what is typical. A wrong value gets its sentence under its own field, and one at the button.
    """
    values: dict[str, float | None] = {}
    with st.form(f"{key}_form", border=False):
        groups = grouped(schema.columns)
        for index, (name, columns) in enumerate(groups):
            faults = any(complaint(c, _current(c, key)) for c in columns)
            with (
                st.expander(f"{name} · {len(columns)} values", expanded=faults or index == 0)
                if name
                else st.container()
            ):
                values |= _fields(columns, key)
        wrong = [c for c in schema.columns if complaint(c, values[c.name])]
        sent = st.form_submit_button(submit, type="primary", icon=":material/neurology:", key=f"{key}_submit")
    if wrong and sent:
        names = ", ".join(column.title for column in wrong[:4]) + (" and others" if len(wrong) > 4 else "")
        st.warning(f"Please look again at {names}: the sentence under the field says what is allowed.")
    given = (values[column.name] for column in schema.columns)  # groups may stand in another order
    row = np.array([math.nan if value is None else value for value in given], dtype=np.float32)
    return Filled(sent, row if sent and not wrong else None)


def _fields(columns: Sequence[Column], key: str) -> dict[str, float | None]:
    values: dict[str, float | None] = {}
    for start in range(0, len(columns), 2):
        for place, column in zip(st.columns(2), columns[start : start + 2], strict=False):
            with place:
                values[column.name] = _field(column, key)
    return values


def _field(column: Column, key: str) -> float | None:
    name = f"{key}_{column.name}"
    st.session_state.setdefault(name, _widget_value(column, column.typical))
    label = column.title_with_unit
    tip = f"{column.help} Allowed: {wanted(column)}.".strip()
    value: float | None
    if column.kind == "category":
        value = st.selectbox(
            label,
            list(column.levels),
            index=None if column.nullable else 0,
            key=name,
            help=column.help or None,
            format_func=lambda code: column.levels[code],
            placeholder=NOT_KNOWN if column.nullable else None,
        )
    else:
        whole = column.kind == "integer"
        value = st.number_input(
            label,
            value=None,
            step=1 if whole else _step(column),
            format="%d" if whole else "%.6g",
            key=name,
            help=tip,
            placeholder=NOT_KNOWN if column.nullable else None,
        )
    if sentence := complaint(column, value):
        st.markdown(f":red[:material/error: {sentence}]")
    return value


def _current(column: Column, key: str) -> float | None:
    value: float | None = st.session_state.get(f"{key}_{column.name}", column.typical)
    return value


def _widget_value(column: Column, value: float) -> float | int | None:
    """Return ``value`` in the type its widget holds; float32 noise is rounded away."""
    if math.isnan(value):
        return None if column.nullable else _widget_value(column, column.typical)
    return float(f"{value:.6g}") if column.kind == "number" else round(value)


def _step(column: Column) -> float:
    """Return a step near a hundredth of the range, as a power of ten."""
    width = column.high - column.low
    return float(10.0 ** math.floor(math.log10(width / 20))) if width > 0 else 0.1
