"""The report as a page: each figure beside what FED-MED claims, and a sentence about the claim."""

from collections.abc import Mapping
from typing import Any

from benchmarks.report.claims import CLAIMS
from benchmarks.report.joined import RULES

RESULTS, PAGE, PICTURE = "benchmark_results.json", "BENCHMARK_REPORT.md", "benchmark_charts.png"

TITLES = {
    "size": "Size and bytes",
    "convergence": "Convergence",
    "aggregation": "Aggregation",
    "weights": "Weights",
    "speed": "Speed",
    "privacy": "Privacy",
}


def parts(found: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return for each part of the report its title, what was measured, what FED-MED claims, and a sentence about it."""
    size, speed, privacy = found["size"], found["speed"], found["privacy"]
    losses, weights = found["convergence"], found["weights"]
    measured = {
        "size": f"{size['base']}: {size['bytes'] / 1e6:,.0f} MB stay, {size['bytes_up'] / 1e6:.2f} MB travel from a "
        f"site in a round, {100 * size['less']:.2f} % less; {100 * size['trained_part']:.2f} % of "
        f"{size['weights']:,} weights are trained",
        "convergence": f"{losses['losses'][0]:.4f} to {losses['losses'][-1]:.4f}, by {100 * losses['fall']:.1f} %, "
        f"{len(losses['losses']) - 1} rounds of {losses['steps']} steps at a site; "
        + ", ".join(f"{name} {values[0]:.3f} to {values[-1]:.3f}" for name, values in losses["sites"].items()),
        "aggregation": "; ".join(_rule(rule, found["aggregation"][rule]) for rule in RULES),
        "weights": "; ".join(
            f"{RULES[rule]}: " + ", ".join(f"{name} {part:.2f}" for name, part in weights[rule].items())
            for rule in RULES
        )
        + (f". The agent: “{weights['agentic_said']}”" if weights["agentic_said"] else ""),
        "speed": f"first word {speed['cold_first']:.1f} s in a new process and {speed['warm_first']:.2f} s warm, "
        f"{speed['times_first']:.0f} times; {speed['tokens']} tokens {speed['cold']:.1f} s and {speed['warm']:.1f} s, "
        f"{speed['times']:.0f} times",
        "privacy": f"{100 * privacy['overlap']:.0f} % of {privacy['records']:,} records shared, "
        f"{100 * privacy['near_overlap']:.2f} % nearly the same at another site; membership AUC "
        f"{_between(privacy['membership'])}, {privacy['members']} records of either kind; ε: no noise, so no bound",
    }
    return {
        name: {"title": TITLES[name], "measured": text, "claimed": CLAIMS[name].said, "about": CLAIMS[name].about}
        for name, text in measured.items()
    }


def markdown(found: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Return the page."""
    told, seconds = parts(found), found["seconds"]
    lines = [
        "# Federated language models: the report",
        "",
        f"Commit {words['commit']}, {words['date']}, {words['machine']}, load {words['load']}: {words['command']}, "
        f"{seconds['wall']:.0f} s, {seconds['cpu']:.0f} s of processor time. "
        "Losses are nats a token of held-out answers, the same for every rule; 95 % bootstrap intervals in brackets.",
        "",
        f"![Six charts: size, convergence, aggregation, weights, speed, privacy]({PICTURE})",
        "",
        "| | measured here | FED-MED claims |",
        "|---|---|---|",
        *(f"| {each['title']} | {each['measured']} | {each['claimed']} |" for each in told.values()),
        "",
        *(f"- **{each['title']}.** {each['about']}" for each in told.values()),
        "",
    ]
    return "\n".join(lines)


def _rule(rule: str, found: Mapping[str, Any]) -> str:
    said = f"{RULES[rule]} {_between(found['loss'])}"
    if against := found.get("against_fedavg"):
        said += f", {against['value']:+.4f} ({against['low']:+.4f} to {against['high']:+.4f}) against weighting by rows"
    return said


def _between(score: Mapping[str, float]) -> str:
    return f"{score['value']:.4f} ({score['low']:.4f} to {score['high']:.4f})"
