"""The answer to one record: words first, then probability with interval, what counted, version, and the caution."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

from components.input_form import shown
from components.probability_bar import probability_bar
from components.theme import Palette, palette
from models.registry import get_task
from models.task import Task

if TYPE_CHECKING:  # torch and Plotly take seconds, and only an answer needs them
    import plotly.graph_objects as go

    from models.predict import Contribution, Prediction

_SHOWN = 10


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
    recorded : for a sample, the class (0 or 1) its record has; None for a record that somebody typed.
    """
    task = get_task(prediction.task)
    classes = task.classes
    with st.container(border=True, key=f"{key}_card"):
        st.subheader(prediction.answer, anchor=False)
        st.markdown(
            f"Probability of **{classes[1]}**: **{percent(prediction.probability)}** "
            f"(95 % interval {percent(prediction.low)} to {percent(prediction.high)})"
        )
        probability_bar(
            prediction.probability, prediction.low, prediction.high, prediction.threshold, classes, key=f"{key}_bar"
        )
        if recorded is not None:
            agrees = "The model agrees." if recorded == int(prediction.positive) else "Here the model is wrong."
            st.markdown(f":material/folder_open: The record itself says **{classes[recorded]}**. {agrees}")
        for warning in prediction.warnings:
            st.warning(warning, icon=":material/warning:")
        if prediction.contributions:
            _what_counted(prediction.contributions, task, key)
        st.divider()
        origin = " · trained on synthetic data" if prediction.synthetic else ""
        st.caption(f"{prediction.version}{origin} · SHA-256 {prediction.sha256[:12]}…")
        st.caption(f":material/medical_information: {prediction.not_for_clinical_use}")
        st.download_button(
            "Download the answer (JSON)",
            json.dumps(asdict(prediction), indent=2, allow_nan=False),
            file_name=f"{prediction.task}-answer.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key=f"{key}_json",
        )


def what_counted_sentence(contributions: Sequence["Contribution"], task: Task) -> str:
    """Return one sentence that names the inputs that moved the answer most, the stronger side first.

    An input with less than a tenth of the strongest one's weight is not named: it would make nothing look like much.
    """
    ordered = sorted(contributions, key=lambda c: -abs(c.weight))
    strong = [c for c in ordered if c.weight and abs(c.weight) >= 0.1 * abs(ordered[0].weight)]
    sides = {
        task.classes[1]: [_named(c, task) for c in strong if c.weight > 0][:2],
        task.classes[0]: [_named(c, task) for c in strong if c.weight < 0][:2],
    }
    first = task.classes[int(bool(strong) and strong[0].weight > 0)]
    parts = [
        f"{' and '.join(names)} spoke most for {side}"
        for side, names in sorted(sides.items(), key=lambda pair: pair[0] != first)
        if names
    ]
    return "; ".join(parts) + "." if parts else "No input moved the answer away from that for a typical record."


def contribution_chart(
    contributions: Sequence["Contribution"], task: Task, colours: Palette | None = None
) -> "go.Figure":
    """Return horizontal bars of Shapley values in log-odds, largest on top, the small ones summed into one bar."""
    import plotly.graph_objects as go

    colours = colours or palette()
    ordered = sorted(contributions, key=lambda c: -abs(c.weight))
    bars = [(_named(c, task), c.weight) for c in ordered[:_SHOWN]]
    if rest := ordered[_SHOWN:]:
        bars.append((f"{len(rest)} other inputs together", sum(c.weight for c in rest)))
    bars.reverse()  # Plotly draws the first one at the bottom
    figure = go.Figure()
    for colour, side, sign in ((colours.attention, task.classes[1], 1), (colours.alive, task.classes[0], -1)):
        own = [(name, weight) for name, weight in bars if (weight > 0) == (sign > 0)]
        figure.add_bar(
            x=[weight for _, weight in own],
            y=[name for name, _ in own],
            orientation="h",
            name=f"speaks for {side}",
            marker_color=colour,
            text=[f"{weight:+.2f}" for _, weight in own],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:+.3f} log-odds<extra></extra>",
        )
    reach = 1.35 * max(abs(weight) for _, weight in bars) or 1.0
    figure.update_layout(
        height=120 + 30 * len(bars),
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        barmode="overlay",
        bargap=0.25,
        dragmode=False,
        legend={"orientation": "h", "x": 0, "xref": "container", "y": 1.02, "yanchor": "bottom"},
        xaxis={"title": "log-odds", "range": [-reach, reach], "zeroline": True, "zerolinewidth": 1, "fixedrange": True},
        yaxis={
            "automargin": True,
            "fixedrange": True,
            "categoryorder": "array",
            "categoryarray": [name for name, _ in bars],
        },
    )
    return figure


def _what_counted(contributions: Sequence["Contribution"], task: Task, key: str) -> None:
    st.markdown("**Which inputs mattered**")
    sentence = what_counted_sentence(contributions, task)
    st.plotly_chart(
        contribution_chart(contributions, task), key=f"{key}_why", config={"displayModeBar": False}, alt=sentence
    )
    st.caption(
        f"{sentence} The bars are Shapley values: how far each input moves the answer, in log-odds, from the answer "
        "for a typical record, with every input at the federation's median."
    )


def _named(contribution: "Contribution", task: Task) -> str:
    """Return an input with its value as people say it: ``Chest pain (typical angina)``, ``Age (54 years)``."""
    if contribution.value is None:
        return f"{contribution.title} (not known)"
    levels = next((column.levels for column in task.schema.columns if column.name == contribution.column), {})
    value = levels.get(round(contribution.value)) or f"{shown(contribution.value)} {contribution.unit}".rstrip()
    return f"{contribution.title} ({value})"
