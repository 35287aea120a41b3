"""Six charts from the figures of the report alone: first what each shows, which a page draws too, then one picture."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks.report.joined import RULES

_COLOURS = ("#0f766e", "#b45309", "#475569", "#7c3aed")
_SPEED = {"new process": ("cold_first", "cold"), "kept warm": ("warm_first", "warm")}


@dataclass(frozen=True)
class Series:
    """One colour of a chart: a value a place, with its 95 % interval or as it is written beside it."""

    name: str
    values: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    written: Sequence[str] = ()


@dataclass(frozen=True)
class Chart:
    """What a chart shows.

    Parameters
    ----------
    places : along the x axis, names or numbers of rounds.
    x, y : titles of the axes.
    log : whether the y axis is logarithmic.
    ends : of the y axis; empty for those that fit.
    line : a value that is marked across; None for none.
    """

    kind: Literal["bars", "lines", "points"]
    title: str
    places: Sequence[str | int]
    series: Sequence[Series]
    y: str
    x: str = ""
    log: bool = False
    ends: Sequence[float] = ()
    line: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def charts(found: Mapping[str, Any]) -> dict[str, Chart]:
    """Return the chart of each part of the report."""
    size, convergence, aggregation = found["size"], found["convergence"], found["aggregation"]
    weights, speed, privacy = found["weights"], found["speed"], found["privacy"]
    megabytes = [size["bytes"] / 1e6, size["bytes_up"] / 1e6]
    attack = privacy["membership"]
    losses = [aggregation[rule]["loss"] for rule in RULES]
    words = ("first word", f"{speed['tokens']} tokens")
    return {
        "size": Chart(
            "bars",
            f"Size: {100 * size['trained_part']:.2f} % is trained and sent",
            ["base, stays", "sent, a site and round"],
            [Series("", megabytes, written=[f"{value:,.2f} MB" for value in megabytes])],
            "megabytes",
            log=True,
        ),
        "convergence": Chart(
            "lines",
            "Federated convergence",
            list(range(len(convergence["losses"]))),
            [Series("all", convergence["losses"])]
            + [Series(name, values) for name, values in convergence["sites"].items()],
            "loss on held-out answers (nats a token)",
            "round",
        ),
        "aggregation": Chart(
            "points",
            "Aggregation, the same answers",
            list(RULES.values()),
            [_with_interval(losses)],
            "loss on held-out answers, 95 % interval",
        ),
        "weights": Chart(
            "bars",
            "Weights of hospitals",
            list(weights["rows"]),
            [_parts(RULES[rule], [weights[rule][name] for name in weights["rows"]]) for rule in RULES],
            "part in the mean",
        ),
        "speed": Chart(
            "bars",
            f"Speed: first word {speed['times_first']:.0f} times sooner",
            list(_SPEED),
            [_seconds(name, [speed[keys[at]] for keys in _SPEED.values()]) for at, name in enumerate(words)],
            "seconds",
            log=True,
        ),
        "privacy": Chart(
            "points",
            f"Privacy: {100 * privacy['overlap']:.0f} % of records shared",
            ["attack by loss"],
            [_with_interval([attack])],
            "AUC; .5 is a coin",
            ends=(0, 1),
            line=0.5,
        ),
    }


def _with_interval(scores: Sequence[Mapping[str, float]]) -> Series:
    value, low, high = ([score[name] for score in scores] for name in ("value", "low", "high"))
    return Series("", value, low, high)


def _parts(name: str, values: Sequence[float]) -> Series:
    return Series(name, values, written=[f"{value:.2f}" for value in values])


def _seconds(name: str, values: Sequence[float]) -> Series:
    return Series(name, values, written=[f"{value:.2f} s" for value in values])


def draw(shown: Mapping[str, Chart], file: Path) -> None:
    """Write the picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, places = pyplot.subplots(2, 3, figsize=(15, 8.5), layout="constrained")
    for place, chart in zip(places.flat, shown.values(), strict=True):
        {"bars": _bars, "lines": _lines, "points": _points}[chart.kind](place, chart)
        place.set(title=chart.title, xlabel=chart.x, ylabel=chart.y, yscale="log" if chart.log else "linear")
        if chart.ends:
            place.set(ylim=tuple(chart.ends))
        if chart.line is not None:
            place.axhline(chart.line, color=_COLOURS[2], linestyle="dotted")
        if len(chart.series) > 1:
            place.legend()
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def _bars(place: Any, chart: Chart) -> None:
    wide = 0.8 / len(chart.series)
    for number, series in enumerate(chart.series):
        at = [where + wide * (number - (len(chart.series) - 1) / 2) for where in range(len(chart.places))]
        bars = place.bar(at, series.values, 0.95 * wide, color=_COLOURS[number], label=series.name)
        place.bar_label(bars, series.written)
    place.set_xticks(range(len(chart.places)), chart.places)


def _lines(place: Any, chart: Chart) -> None:
    for number, series in enumerate(chart.series):
        look = {"linewidth": 3, "marker": "o"} if number == 0 else {"marker": "."}
        place.plot(chart.places, series.values, color=_COLOURS[number % len(_COLOURS)], label=series.name, **look)
    place.set_xticks(chart.places)


def _points(place: Any, chart: Chart) -> None:
    for number, series in enumerate(chart.series):
        below = [value - low for value, low in zip(series.values, series.low, strict=True)]
        above = [high - value for value, high in zip(series.values, series.high, strict=True)]
        place.errorbar(chart.places, series.values, yerr=[below, above], fmt="o", color=_COLOURS[number], capsize=6)
