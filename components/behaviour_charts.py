"""ROC curve, calibration and subgroups of a model version, each with the sentence that says what it shows."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from components.charts import HEIGHT, plain_axes, show
from components.theme import interval, number, palette

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from models.behaviour import Behaviour, Bin, Curve, Subgroup


def behaviour_charts(found: "Behaviour", *, key: str) -> None:
    """Draw all three."""
    left, right = st.columns(2)
    with left:
        st.markdown("**ROC curve**")
        show(roc_chart(found.curves), roc_sentence(found.curves), f"{key}_roc")
    with right:
        st.markdown("**Calibration**")
        show(calibration_chart(found.bins), calibration_sentence(found.bins), f"{key}_calibration")
    if found.subgroups:
        st.markdown("**Subgroups**")
        st.dataframe(subgroup_table(found.subgroups), hide_index=True, key=f"{key}_subgroups")
        st.caption(
            "The same held-out rows, divided. Small groups have wide intervals; a difference within them shows nothing."
        )


def roc_chart(curves: "tuple[Curve, ...]") -> "go.Figure":
    """Return sensitivity over false alarms, a line a class."""
    import plotly.graph_objects as go

    colours = palette()
    chart = go.Figure()
    chart.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="guessing",
        line={"color": colours.quiet, "dash": "dot", "width": 1.5},
        hoverinfo="skip",
    )
    dashes = ("solid", "dash", "dashdot", "longdash", "dot")
    several = len(curves) > 1
    for number_, curve in enumerate(curves):
        chart.add_scatter(
            x=[1.0, *(1 - value for value in curve.specificity), 0.0],
            y=[1.0, *curve.sensitivity, 0.0],
            mode="lines",
            name=curve.name,
            line={
                "color": (colours.alive, colours.other, colours.attention, colours.refusal, colours.text)[number_ % 5],
                "width": 2 if several else 3,
                "dash": dashes[number_ % 5],
                "shape": "hv",
            },
            hovertemplate="%{y:.2f} found, %{x:.2f} false alarms",
        )
    plain_axes(chart, colours, HEIGHT)
    chart.update_layout(hovermode="closest", showlegend=several)
    chart.update_xaxes(title_text="False alarms (1 − specificity)", range=[-0.02, 1.02])
    chart.update_yaxes(title_text="Found (sensitivity)", range=[-0.02, 1.02])
    return chart


def roc_sentence(curves: "tuple[Curve, ...]") -> str:
    """Return what the curve shows, at the operating point of half."""
    curve = curves[-1] if len(curves) == 1 else curves[0]
    sensitivity, specificity = curve.at(0.5)
    return (
        f"Each point is an operating point. At 50 % the model finds {sensitivity:.0%} of {curve.positives} held-out "
        f"rows with {curve.name} and raises a false alarm in {1 - specificity:.0%} of {curve.negatives} others. "
        "The dotted line is guessing."
    )


def calibration_chart(bins: "tuple[Bin, ...]") -> "go.Figure":
    """Return how often what was said came true, a point a bin with its interval."""
    import plotly.graph_objects as go

    colours = palette()
    chart = go.Figure()
    chart.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": colours.quiet, "dash": "dot", "width": 1.5},
        hoverinfo="skip",
    )
    chart.add_scatter(
        x=[each.probability for each in bins],
        y=[each.frequency for each in bins],
        mode="markers",
        marker={"color": colours.alive, "size": [7 + min(12.0, each.n**0.5) for each in bins]},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [each.high - each.frequency for each in bins],
            "arrayminus": [each.frequency - each.low for each in bins],
            "color": colours.alive,
            "thickness": 1.5,
            "width": 3,
        },
        customdata=[each.n for each in bins],
        hovertemplate="said %{x:.2f}, came true %{y:.2f}, %{customdata} rows<extra></extra>",
    )
    plain_axes(chart, colours, HEIGHT)
    chart.update_layout(hovermode="closest", showlegend=False)
    chart.update_xaxes(title_text="Probability that the model gave", range=[-0.02, 1.02])
    chart.update_yaxes(title_text="How often it was so", range=[-0.02, 1.05])
    return chart


def calibration_sentence(bins: "tuple[Bin, ...]") -> str:
    """Return how many bins agree with what was said."""
    agree = sum(each.low <= each.probability <= each.high for each in bins)
    return (
        f"Points on the dotted line mean that probabilities are what they say. In {agree} of {len(bins)} bins the "
        "probability lies within the 95 % interval of how often it was so; larger points hold more rows."
    )


def subgroup_table(subgroups: "tuple[Subgroup, ...]") -> list[dict[str, Any]]:
    """Return one line a subgroup."""
    return [
        {
            "Subgroup": each.name,
            "Rows": each.n,
            **{words: _score(each, metric) for metric, words in _COLUMNS if any(metric in s.scores for s in subgroups)},
        }
        for each in subgroups
    ]


_COLUMNS = (
    ("auc", "AUC (95 % interval)"),
    ("accuracy", "Accuracy"),
    ("sensitivity", "Sensitivity"),
    ("specificity", "Specificity"),
    ("ece", "ECE"),
)


def _score(group: "Subgroup", metric: str) -> str:
    score = group.scores.get(metric)
    if not score:
        return "one class only"
    return f"{number(score['value'])} ({interval(score)})" if interval(score) else number(score["value"])
