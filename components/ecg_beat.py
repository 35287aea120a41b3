"""One beat of an ECG large, beside the usual one of its recording, with what spoke for its class marked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from components.charts import plain_axes, show
from components.result_card import percent
from components.theme import palette
from data.signal import Recording
from models.ecg.beats import LENGTH, RATE
from models.ecg.strip import Reading
from models.task import Task
from models.versions import VersionView

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from models.ecg.answers import BeatAnswer

_MARKED = 0.25  # of the largest weight, from which on a sample is marked


def ecg_beat(
    task: Task,
    version: VersionView,
    recording: Recording,
    reading: Reading,
    beats: "Sequence[BeatAnswer]",
    *,
    key: str,
) -> None:
    """Let a person choose a beat, the first that is not normal by default, and show where the model looked."""
    from models.ecg.answers import beat_rows
    from models.ecg.looked import where_it_looked
    from models.versions import load_model

    unusual = next((i for i, beat in enumerate(beats) if beat.letter != "N"), 0)
    chosen = st.selectbox(
        "Beat",
        range(len(beats)),
        index=unusual,
        format_func=lambda i: f"{i + 1}, at {beats[i].second:.1f} s: {beats[i].letter}",
        key=f"{key}_beat",
    )
    row = beat_rows(recording, reading)[0][chosen]
    beat = beats[chosen].prediction
    weights = where_it_looked(load_model(version.id), row, beat.chosen)
    chances = ", ".join(f"{chance.name} {percent(chance.probability)}" for chance in beat.chances)
    st.markdown(f"**{beat.answer}** {chances}.")
    for warning in beat.warnings:
        st.caption(f":material/info: {warning}")
    show(beat_chart(row, weights), beat_sentence(weights, task.classes[beat.chosen]), f"{key}_looked")


def beat_chart(row: NDArray[np.uint8], weights: NDArray[np.float64]) -> "go.Figure":
    """Return the beat as a line, the usual one dashed, and dots where the model saw its class or something else."""
    import plotly.graph_objects as go

    colours, size = palette(), len(weights)
    seconds = np.arange(size) / RATE
    chart = go.Figure()
    usual = row[LENGTH : LENGTH + size]
    if usual.any():
        line = {"color": colours.quiet, "width": 1.5, "dash": "dash"}
        chart.add_scatter(x=seconds, y=usual / 255, mode="lines", name="usual beat", line=line)
    height = row[:size] / 255
    line = {"color": colours.text, "width": 2}
    chart.add_scatter(x=seconds, y=height, mode="lines", name="this beat", line=line)
    least = _MARKED * float(np.abs(weights).max(initial=0))
    for name, which, colour, symbol in (
        ("spoke for it", weights > least, colours.alive, "circle"),
        ("spoke against it", weights < -least, colours.refusal, "diamond-open"),
    ):
        marker = {"color": colour, "symbol": symbol, "size": 8}
        chart.add_scatter(x=seconds[which], y=height[which], mode="markers", name=name, marker=marker)
    chart.update_xaxes(title_text="Seconds after the R peak")
    chart.update_yaxes(title_text="Height (0 to 1 of this beat)")
    return plain_axes(chart, colours)


def beat_sentence(weights: NDArray[np.float64], name: str) -> str:
    """Return what the chart shows."""
    at = int(weights.argmax())
    if weights[at] <= 0:
        return f"No stretch of this beat spoke for “{name}” by itself."
    return (
        f"What is {at / RATE:.2f} s after the R peak spoke most for “{name}”: with a straight line in the place of the "
        f"0.1 s around it, the log odds of that class fall by {weights[at]:.1f}."
    )
