"""Six charts in one picture, from the figures of the report alone."""

from pathlib import Path
from typing import Any

from benchmarks.report.joined import RULES

_FIRST, _WHOLE = ("cold_first", "warm_first"), ("cold", "warm")
_COLOURS = ("#0f766e", "#b45309", "#475569", "#7c3aed")


def draw(found: dict[str, Any], file: Path) -> None:
    """Write the picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, places = pyplot.subplots(2, 3, figsize=(15, 8.5), layout="constrained")
    (size, convergence, aggregation), (weights, speed, privacy) = places
    _size(size, found["size"])
    _convergence(convergence, found["convergence"])
    _aggregation(aggregation, found["aggregation"])
    _weights(weights, found["weights"])
    _speed(speed, found["speed"])
    _privacy(privacy, found["privacy"])
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def _size(place: Any, found: dict[str, Any]) -> None:
    megabytes = [found["bytes"] / 1e6, found["bytes_up"] / 1e6]
    bars = place.bar(["base, stays", "sent, a site and round"], megabytes, color=_COLOURS[:2])
    place.bar_label(bars, [f"{value:,.2f} MB" for value in megabytes])
    place.set(yscale="log", ylabel="megabytes", title=f"Size: {100 * found['trained_part']:.2f} % is trained and sent")


def _convergence(place: Any, found: dict[str, Any]) -> None:
    rounds = range(len(found["losses"]))
    place.plot(rounds, found["losses"], color=_COLOURS[0], linewidth=3, marker="o", label="all")
    for colour, (name, losses) in zip(_COLOURS[1:], found["sites"].items(), strict=False):
        place.plot(rounds, losses, color=colour, marker=".", label=name)
    place.set(xlabel="round", ylabel="loss on held-out answers (nats a token)", title="Federated convergence")
    place.set_xticks(list(rounds))
    place.legend()


def _aggregation(place: Any, found: dict[str, Any]) -> None:
    values = [found[rule]["loss"] for rule in RULES]
    middle = [value["value"] for value in values]
    below = [value["value"] - value["low"] for value in values]
    above = [value["high"] - value["value"] for value in values]
    place.errorbar(list(RULES.values()), middle, yerr=[below, above], fmt="o", color=_COLOURS[0], capsize=6)
    place.set(ylabel="loss on held-out answers, 95 % interval", title="Aggregation, the same answers")


def _weights(place: Any, found: dict[str, Any]) -> None:
    names = list(found["rows"])
    for offset, rule in enumerate(RULES):
        at = [number + 0.27 * offset for number in range(len(names))]
        bars = place.bar(at, [found[rule][name] for name in names], 0.25, color=_COLOURS[offset], label=RULES[rule])
        place.bar_label(bars, fmt="%.2f")
    place.set_xticks([number + 0.27 for number in range(len(names))], names)
    place.set(ylabel="part in the mean", title="Weights of hospitals")
    place.legend()


def _speed(place: Any, found: dict[str, Any]) -> None:
    for offset, (name, keys) in enumerate({"first word": _FIRST, f"{found['tokens']} tokens": _WHOLE}.items()):
        bars = place.bar([offset, offset + 2.5], [found[key] for key in keys], 0.9, color=_COLOURS[offset], label=name)
        place.bar_label(bars, [f"{found[key]:.2f} s" for key in keys])
    place.set_xticks([0.5, 3.0], ["new process", "kept warm"])
    place.set(yscale="log", ylabel="seconds", title=f"Speed: first word {found['times_first']:.0f} times sooner")
    place.legend()


def _privacy(place: Any, found: dict[str, Any]) -> None:
    attack = found["membership"]
    place.errorbar(
        ["attack by loss"],
        [attack["value"]],
        yerr=[[attack["value"] - attack["low"]], [attack["high"] - attack["value"]]],
        fmt="o",
        color=_COLOURS[0],
        capsize=6,
    )
    place.axhline(0.5, color=_COLOURS[2], linestyle="dotted")
    place.set(
        ylim=(0, 1), ylabel="AUC; .5 is a coin", title=f"Privacy: {100 * found['overlap']:.0f} % of records shared"
    )
