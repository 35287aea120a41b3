"""The probabilities of three and more classes, most probable first, each with its interval."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:  # brings torch, which takes seconds, and only an answer needs it
    from models.predict import Chance

_LISTED = 6


def class_chances(chances: Sequence["Chance"], *, key: str) -> None:
    """Draw a line a class with its calibrated probability and its interval."""
    ordered = sorted(chances, key=lambda each: -each.probability)
    st.dataframe(
        [
            {"Class": each.name, "Probability": each.probability, "from": each.low, "to": each.high}
            for each in ordered[:_LISTED]
        ],
        hide_index=True,
        key=key,
        alt="Classes with their probabilities",
        column_config={
            "Probability": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent"),
            "from": st.column_config.NumberColumn("95 % interval from", format="percent"),
            "to": st.column_config.NumberColumn("to", format="percent"),
        },
    )
    rest = len(ordered) - _LISTED
    more = f" The {rest} least probable of {len(ordered)} classes are left out." if rest > 0 else ""
    st.caption(f"Calibrated probabilities, which sum to 100 %, with their 95 % intervals.{more}")
