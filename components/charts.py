"""Charts of runs, each with the sentence that says what it shows.

Colours are named, never left to a cycle: the global model is teal and thick, sites are thin and grey. Plotly is
imported when the first chart is drawn, so that pages without one stay light.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from components.benefit import (
    SHOWN_SITES,
    Score,
    at_each_site,
    federated_score,
    local_scores,
    personal_gains,
    pooled_score,
    together_scores,
)
from components.theme import Palette, palette
from models.headline import headline

if TYPE_CHECKING:
    from plotly import graph_objects as go

    from fl.runs import RoundView, RunView

Metric = Literal["loss", "auc", "perplexity"]
MOST_ROUNDS = 150  # drawn of one line: more cannot be told apart, and a browser must keep up with a live run
MOST_SITE_POINTS = 3000
HEIGHT = 300
_AXIS = {
    "loss": "Log loss on held-out rows (nats)",
    "auc": "AUC on held-out rows (0 to 1)",
    "perplexity": "Perplexity on held-out answers",
}
_WORD = {"loss": "Log loss", "auc": "AUC", "perplexity": "Perplexity"}
_BARE = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}


def metrics_of(run: RunView) -> tuple[Metric, Metric]:
    """Return what is drawn of a run: its loss, and AUC or, where answers are written, perplexity."""
    words = any("perplexity" in point.metrics for point in run.history)
    return "loss", "perplexity" if words else "auc"


def show(figure: go.Figure, sentence: str, key: str) -> None:
    """Put a chart on the page with its sentence below, which is also its text for a screen reader."""
    st.plotly_chart(figure, key=key, config=_BARE, width="stretch", theme=None, alt=sentence)
    st.caption(sentence)


def run_name(run: RunView) -> str:
    """Return how a run is called in a legend: "Run 12, fedavg"."""
    return f"Run {run.id}, {run.request.strategy}"


def curves(
    run: RunView,
    metric: Metric,
    compare: RunView | None = None,
    *,
    marked: int | None = None,
    colours: Palette | None = None,
) -> go.Figure:
    """Draw a metric over the rounds: one thick line for the global model, thin grey ones for the sites' updates.

    With ``compare`` the sites are left away and the second run is laid over the first, dashed; ``marked`` is a round
    to point at.
    """
    from plotly import graph_objects as go

    colours = colours or palette()
    figure = go.Figure()
    if compare is None:
        x, y = _site_lines(run, metric)
        if x:
            line = {"color": colours.quiet, "width": 1}
            figure.add_scatter(
                x=x, y=y, mode="lines", name="each site's update", line=line, opacity=0.5, hoverinfo="skip"
            )
    name = "global model" if compare is None else run_name(run)
    figure.add_trace(_global_line(go, run, metric, name, colours.alive, "solid", "circle"))
    if compare is not None:
        figure.add_trace(_global_line(go, compare, metric, run_name(compare), colours.other, "dash", "diamond"))
    last = max(1, _last_round(run), _last_round(compare) if compare else 1)
    figure.update_xaxes(title_text="Round", range=[-0.02 * last, last * 1.02], dtick=max(1, round(last / 10)))
    figure.update_yaxes(title_text=_AXIS[metric], rangemode="tozero" if metric == "loss" else "normal")
    if marked is not None:
        figure.add_vline(x=marked, line={"color": colours.text, "width": 1.5, "dash": "dot"})
    return plain_axes(figure, colours)


def _last_round(run: RunView) -> int:
    """Return where the axis ends: at the rounds asked for while the run goes on, then at those done."""
    return run.rounds if run.active else run.round


def _global_line(go: Any, run: RunView, metric: Metric, name: str, colour: str, dash: str, symbol: str) -> go.Scatter:
    kept = drawn_rounds(run)
    points = [(point.round, _of(point, metric)) for point in run.history if point.round in kept]
    return go.Scatter(
        x=[x for x, _ in points],
        y=[y for _, y in points],
        name=name,
        mode="lines+markers" if len(points) <= 40 else "lines",
        line={"color": colour, "width": 3.2, "dash": dash},
        marker={"color": colour, "size": 6, "symbol": symbol},
        hovertemplate="%{y:.3f}",
    )


def drawn_rounds(run: RunView) -> set[int]:
    """Return the rounds that are drawn: all, or evenly spaced ones of a long run, always with the last."""
    rounds = [point.round for point in run.history]
    return {*rounds[:: max(1, math.ceil(len(rounds) / MOST_ROUNDS))], *rounds[-1:]}


def _site_lines(run: RunView, metric: Metric) -> tuple[list[int | None], list[float | None]]:
    """Return all sites' lines as one trace with gaps between them, which stays light with many sites."""
    x: list[int | None] = []
    y: list[float | None] = []
    lines: dict[int, list[tuple[int, float]]] = {}
    kept = drawn_rounds(run)
    every = math.ceil(len(run.sites) * len(kept) / MOST_SITE_POINTS)
    for point in run.site_history:
        if point.round not in kept or point.position % every:
            continue
        value = point.loss if metric == "loss" else point.metrics.get(metric)
        if value is not None and value == value:
            lines.setdefault(point.position, []).append((point.round, float(value)))
    for position in sorted(lines):
        for round_, value in sorted(lines[position]):
            x.append(round_)
            y.append(value)
        x.append(None)
        y.append(None)
    return x, y


def _of(point: RoundView, metric: Metric) -> float | None:
    value = point.loss if metric == "loss" else point.metrics.get(metric)
    return None if value is None or value != value else float(value)


def plain_axes(figure: go.Figure, colours: Palette, height: int = HEIGHT) -> go.Figure:
    """Give a chart the plain look of all charts, and return it."""
    grid = {
        "gridcolor": faint(colours.quiet),
        "zeroline": False,
        "tickfont": {"color": colours.muted, "size": 12},
        "title_font": {"color": colours.muted, "size": 13},
    }
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 0, "t": 34, "b": 0},
        hovermode="x unified",
        dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
        font={"color": colours.text, "family": '"Source Sans", "Source Sans 3", sans-serif', "size": 13},
        hoverlabel={"bgcolor": colours.paper, "bordercolor": faint(colours.quiet), "font": {"color": colours.text}},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(automargin=True, fixedrange=True, title_standoff=8, **grid)
    figure.update_yaxes(automargin=True, fixedrange=True, title_standoff=8, **grid)
    return figure


def faint(colour: str) -> str:
    """Return a colour to lie behind text."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.28)"


def curve_sentence(run: RunView, metric: Metric, compare: RunView | None = None) -> str:
    """Say what ``curves`` shows, from the same numbers."""
    if compare is not None:
        return _compare_sentence(run, compare, metric)
    points = [(point.round, value) for point in run.history if (value := _of(point, metric)) is not None]
    if not points:
        return f"{_WORD[metric]} appears here when the first round is done."
    (first_round, first), (last_round, last) = points[0], points[-1]
    if first_round == last_round:
        said = f"{_WORD[metric]} of the global model is {first:.3f} {_after(first_round)}."
    else:
        moved = "stayed at" if f"{first:.3f}" == f"{last:.3f}" else ("rose from" if last > first else "fell from")
        there = f"{last:.3f}" if moved == "stayed at" else f"{first:.3f} {_after(first_round)} to {last:.3f}"
        said = f"{_WORD[metric]} of the global model {moved} {there} {_after(last_round)}."
    ends = [
        float(value)
        for point in run.site_history
        if point.round == last_round
        and (value := point.loss if metric == "loss" else point.metrics.get(metric)) is not None
        and value == value
    ]
    if len(ends) > 1:
        said += f" The updates of its {len(ends)} sites lay between {min(ends):.3f} and {max(ends):.3f} then."
    if len(drawn_rounds(run)) < len(run.history):
        said += f" {len(drawn_rounds(run))} of its rounds are drawn."
    return said


def _after(round_: int) -> str:
    return "before training" if round_ == 0 else f"after round {round_}"


def _compare_sentence(run: RunView, other: RunView, metric: Metric) -> str:
    ends = []
    for one in (run, other):
        values = [value for point in one.history if (value := _of(point, metric)) is not None]
        if not values:
            return f"{run_name(one)} has no finished round to compare."
        ends.append(values[-1])
    left, right = f"{ends[0]:.3f}", f"{ends[1]:.3f}"
    if left == right:
        return f"Both runs end at {_WORD[metric]} {left}."
    return f"{run_name(run)} ends at {_WORD[metric]} {left}, {run_name(other)} at {right}: {ends[0] - ends[1]:+.3f}."


def benefit_chart(run: RunView, metric: str = "", colours: Palette | None = None) -> go.Figure:
    """Draw what each site has alone against what it has together, and the pooled upper bound."""
    metric = metric or headline(run.final).metric
    from plotly import graph_objects as go

    colours = colours or palette()
    alone = sorted(local_scores(run, metric), key=lambda pair: float(pair[1]["value"]))[:SHOWN_SITES]
    figure = go.Figure()
    names = [name for name, _ in alone]
    values = [float(score["value"]) for _, score in alone]
    figure.add_scatter(
        x=values,
        y=names,
        mode="markers",
        name="the site alone",
        marker={"symbol": "diamond-open", "size": 10, "color": colours.text, "line": {"width": 2}},
        error_x=_whiskers([score for _, score in alone], values, colours.quiet),
        hovertemplate="%{x:.3f} alone",
    )
    if at_each_site(run):
        figure.add_trace(_at_sites(go, names, together_scores(run, metric), colours))
    together = federated_score(run, metric)
    if together:
        figure.add_vrect(
            x0=together["low"], x1=together["high"], fillcolor=colours.alive, opacity=0.13, line_width=0, layer="below"
        )
        name = "together, for all others" if at_each_site(run) else "together"
        figure.add_trace(_upright(go, float(together["value"]), names, name, colours.alive, "solid"))
    pooled = pooled_score(run, metric)
    if pooled:
        figure.add_trace(_upright(go, float(pooled["value"]), names, "all rows pooled", colours.other, "dot"))
    plain_axes(figure, colours, max(HEIGHT, 110 + 24 * len(names)))
    figure.update_layout(hovermode="y unified")
    figure.update_xaxes(title_text=f"{metric.upper() if metric == 'auc' else metric.capitalize()} on held-out rows")
    figure.update_yaxes(title_text=None, showgrid=False)
    return figure


def _at_sites(go: Any, names: Sequence[str], scores: Mapping[str, Score], colours: Palette) -> go.Scatter:
    known = [(name, scores[name]) for name in names if name in scores]
    values = [float(score["value"]) for _, score in known]
    return go.Scatter(
        x=values,
        y=[name for name, _ in known],
        mode="markers",
        name="together, as the site standardises",
        marker={"symbol": "circle", "size": 10, "color": colours.alive},
        error_x=_whiskers([score for _, score in known], values, colours.quiet),
        hovertemplate="%{x:.3f} together, as the site standardises",
    )


def personal_chart(run: RunView, colours: Palette | None = None) -> go.Figure:
    """Draw how further training at each site changes the log loss on its own rows, set aside before the run."""
    from plotly import graph_objects as go

    colours = colours or palette()
    gains = sorted(personal_gains(run), key=lambda gain: -float(gain[2]["value"]))[-SHOWN_SITES:]
    names, values = [name for name, _, _ in gains], [float(change["value"]) for _, _, change in gains]
    figure = go.Figure()
    figure.add_scatter(
        x=values,
        y=names,
        mode="markers",
        name="change",
        marker={"symbol": "circle", "size": 10, "color": colours.alive},
        error_x=_whiskers([change for _, _, change in gains], values, colours.quiet),
        customdata=[n for _, n, _ in gains],
        hovertemplate="%{x:+.3f} on %{customdata} rows",
    )
    plain_axes(figure, colours, max(HEIGHT, 110 + 24 * len(names)))
    figure.add_vline(x=0, line={"color": colours.other, "dash": "dot", "width": 2})
    figure.update_layout(showlegend=False, hovermode="y unified")
    figure.update_xaxes(title_text="Change of log loss on own rows (below 0: better)")
    figure.update_yaxes(title_text=None, showgrid=False)
    return figure


def _whiskers(scores: Sequence[Score], values: Sequence[float], colour: str) -> dict[str, Any]:
    ends = [(score["low"], score["high"]) for score in scores]  # None where there is no interval
    up = [0.0 if high is None else float(high) - value for (_, high), value in zip(ends, values, strict=True)]
    down = [0.0 if low is None else value - float(low) for (low, _), value in zip(ends, values, strict=True)]
    return {"type": "data", "array": up, "arrayminus": down, "color": colour, "thickness": 1.5, "width": 3}


def _upright(go: Any, value: float, names: Sequence[str], name: str, colour: str, dash: str) -> go.Scatter:
    return go.Scatter(
        x=[value] * len(names),
        y=list(names),
        mode="lines",
        name=name,
        line={"color": colour, "width": 3 if dash == "solid" else 2, "dash": dash},
        hovertemplate=f"%{{x:.3f}} {name}",
    )
