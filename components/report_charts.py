"""The charts of a report in Plotly, as its file describes them; what each shows is decided where it was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components.charts import plain_axes
from components.theme import Palette, palette

if TYPE_CHECKING:
    from plotly import graph_objects as go

_PATTERNS = ("", "/", ".", "x")
_DASHES = ("solid", "dash", "dot", "dashdot")
_SYMBOLS = ("circle", "diamond", "square", "triangle-up")
_WORDS_A_LINE = 16  # letters of a place on the axis


def chart(told: Mapping[str, Any], colours: Palette | None = None) -> go.Figure:
    """Draw one chart of ``benchmark_results.json``."""
    from plotly import graph_objects as go

    colours = colours or palette()
    figure = go.Figure()
    drawn = {"bars": _bars, "lines": _lines, "points": _points}[told["kind"]]
    for number, series in enumerate(told["series"]):
        drawn(figure, told, series, number, colours)
    plain_axes(figure, colours)
    several = len(told["series"]) > 1
    figure.update_layout(hovermode="closest", barmode="group", bargap=0.25, showlegend=several)
    figure.update_layout(margin={"t": 34 if several else 12})
    figure.update_xaxes(title_text=told["x"] or None)
    figure.update_yaxes(title_text=told["y"], **_scale(told))
    if told["kind"] == "lines":
        figure.update_xaxes(dtick=max(1, round(len(told["places"]) / 10)))
        figure.update_layout(hovermode="x unified")
    if told["line"] is not None:
        figure.add_hline(told["line"], line={"color": colours.quiet, "dash": "dot", "width": 2})
    return figure


def _scale(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the y axis of a chart; on a logarithmic one, the figures above the bars find room."""
    if told["log"]:
        values = [value for series in told["series"] for value in series["values"] if value > 0]
        low, high = math.log10(min(values)), math.log10(max(values))
        return {"type": "log", "range": [low - 0.35, high + 0.15 * (high - low) + 0.2], "dtick": 1}
    return {"range": list(told["ends"])} if told["ends"] else {}


def _places(told: Mapping[str, Any]) -> list[Any]:
    return [_broken(place) if isinstance(place, str) else place for place in told["places"]]


def _broken(name: str) -> str:
    """Return a name over as many lines as it needs below a narrow chart."""
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) > _WORDS_A_LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


def _colour(colours: Palette, number: int) -> str:
    return (colours.alive, colours.other, colours.attention, colours.quiet)[number % 4]


def _bars(figure: go.Figure, told: Mapping[str, Any], series: Mapping[str, Any], number: int, colours: Palette) -> None:
    figure.add_bar(
        x=_places(told),
        y=series["values"],
        name=series["name"],
        text=series["written"] or None,
        textposition="outside",
        textfont={"color": colours.text, "size": 11},
        cliponaxis=False,
        marker={
            "color": _colour(colours, number),
            "pattern": {
                "shape": _PATTERNS[number % 4],
                "fillmode": "overlay",
                "fgcolor": colours.paper,
                "size": 7,
                "solidity": 0.25,
            },
        },
        hovertemplate="%{text}<extra>%{fullData.name}</extra>",
    )


def _lines(
    figure: go.Figure, told: Mapping[str, Any], series: Mapping[str, Any], number: int, colours: Palette
) -> None:
    figure.add_scatter(
        x=_places(told),
        y=series["values"],
        name=series["name"],
        mode="lines+markers",
        line={"color": _colour(colours, number), "width": 1.6 if number else 3.2, "dash": _DASHES[number % 4]},
        marker={"symbol": _SYMBOLS[number % 4], "size": 7},
        hovertemplate="%{y:.3f}",
    )


def _points(
    figure: go.Figure, told: Mapping[str, Any], series: Mapping[str, Any], number: int, colours: Palette
) -> None:
    values, low, high = series["values"], series["low"], series["high"]
    figure.add_scatter(
        x=_places(told),
        y=values,
        name=series["name"],
        mode="markers",
        marker={"color": _colour(colours, number), "symbol": _SYMBOLS[number % 4], "size": 11},
        error_y={
            "type": "data",
            "array": [top - value for value, top in zip(values, high, strict=True)],
            "arrayminus": [value - bottom for value, bottom in zip(values, low, strict=True)],
            "color": colours.quiet,
            "thickness": 1.5,
            "width": 6,
        },
        customdata=list(zip(low, high, strict=True)),
        hovertemplate="%{y:.4f} (%{customdata[0]:.4f} to %{customdata[1]:.4f})<extra></extra>",
    )
