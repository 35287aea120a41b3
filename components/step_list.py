"""Steps that a person works through on one page: all visible, each with its number, name and state in words."""

from collections.abc import Sequence
from html import escape
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

State = Literal["done", "now", "later", "mend"]
_WORDS: dict[State, str] = {"done": "done", "now": "now", "later": "later", "mend": "needs attention"}
_BADGES: dict[State, tuple[str, Literal["green", "primary", "gray", "orange"]]] = {
    "done": (":material/check:", "green"),
    "now": (":material/arrow_forward:", "primary"),
    "later": (":material/schedule:", "gray"),
    "mend": (":material/error:", "orange"),
}


class StepList:
    """A line with all steps, and below it one card a step.

    What a step says decides the state of the steps before it, so cards are filled first and marked at the end.
    """

    def __init__(self, names: Sequence[str], *, key: str) -> None:
        self._names = tuple(names)
        self._line = st.container()
        self._heads: list[DeltaGenerator] = []
        self._bodies: list[DeltaGenerator] = []
        for number in range(1, len(names) + 1):
            with st.container(border=True, key=f"{key}_step_{number}"):
                self._heads.append(st.container(horizontal=True, vertical_alignment="center"))
                self._bodies.append(st.container())

    def body(self, number: int) -> DeltaGenerator:
        """Return the container for what step ``number`` (from 1) says."""
        return self._bodies[number - 1]

    def mark(self, states: Sequence[State]) -> None:
        """Write the state of every step, in the line and on its card."""
        items = "".join(
            f'<li style="margin:0" class="{"done" if state == "done" else ""}"'
            + (' aria-current="step"' if state in ("now", "mend") else "")
            + f">{number}. {escape(name)} <small>· {_WORDS[state]}</small></li>"
            for number, (name, state) in enumerate(zip(self._names, states, strict=True), start=1)
        )
        with self._line:
            st.html(f'<ol class="mh-steps" style="padding:0" aria-label="Steps">{items}</ol>')
        for number, (head, name, state) in enumerate(zip(self._heads, self._names, states, strict=True), start=1):
            icon, colour = _BADGES[state]
            with head:
                st.subheader(f"{number}. {name}", anchor=False, width="content")
                st.badge(_WORDS[state], icon=icon, color=colour)
