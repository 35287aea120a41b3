"""What a site gets from the federation against training alone: the numbers behind chart, table and sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components.theme import amount, interval, number
from models.headline import headline

if TYPE_CHECKING:
    from fl.runs import RunView

SHOWN_SITES = 40  # of the chart; the table has all
Score = Mapping[str, Any]


def pooled_score(run: RunView, metric: str = "auc") -> Score | None:
    """Return the upper bound: one model trained on all rows pooled, where the run measured it."""
    for scores in [*(site.benefit.get("pooled") for site in run.sites), run.final.get("pooled")]:
        if scores and metric in scores:
            found: Score = scores[metric]
            return found
    return None


def federated_score(run: RunView, metric: str = "auc") -> Score | None:
    """Return the run's own final score; where each site standardises for itself, that of the model all others get."""
    at_sites = [] if at_each_site(run) else [site.benefit.get("federated") for site in run.sites]
    for scores in [*at_sites, run.final]:
        if scores and isinstance(scores.get(metric), Mapping):
            found: Score = scores[metric]
            return found
    return None


def at_each_site(run: RunView) -> bool:
    """Whether the federated model is scored anew for each site, by the standardisation that this site keeps."""
    return run.request.standardise == "site"


def together_scores(run: RunView, metric: str = "auc") -> dict[str, Score]:
    """Return site → score of the federated model as that site uses it."""
    pairs = [(site.name, site.benefit.get("federated", {}).get(metric)) for site in run.sites]
    return {name: score for name, score in pairs if score and score["value"] == score["value"]}


def local_scores(run: RunView, metric: str = "auc") -> list[tuple[str, Score]]:
    """Return (site, score of its local-only model) of the sites that could train alone."""
    pairs = [(site.name, site.benefit.get("local", {}).get(metric)) for site in run.sites]
    return [(name, score) for name, score in pairs if score and score["value"] == score["value"]]


def personal_gains(run: RunView) -> list[tuple[str, int, Score]]:
    """Return (site, rows set aside, change of the log loss there) of the sites that trained the model further."""
    found = [(site.name, site.benefit.get("personal")) for site in run.sites]
    return [(name, int(gained["n"]), gained["change"]["loss"]) for name, gained in found if gained]


def personal_sentence(run: RunView) -> str:
    """Say what charts.personal_chart shows."""
    gains = personal_gains(run)
    if not gains:
        return "No site had rows enough to set some aside, so nothing says what further training there would give."
    rows = sum(n for _, n, _ in gains)
    mean = sum(n * float(change["value"]) for _, n, change in gains) / rows
    better = sum(float(change["value"]) < 0 for _, _, change in gains)
    known = [change for _, _, change in gains if change.get("low") is not None]
    surely = sum(float(change["high"]) < 0 for change in known)
    worse = sum(float(change["low"]) > 0 for change in known)
    few = len(gains) - len(known)
    too_few = f", too few rows for one at {few}" if few else ""
    return (
        f"With {amount(run.request.personal, 'epoch')} of further training, the log loss on rows that each site had "
        f"set aside before the run is lower at {better} of {amount(len(gains), 'site')} (95 % interval below 0 at "
        f"{surely}, above it at {worse}{too_few}). Over all {amount(rows, 'row')} it changes by {mean:+.3f}. Models "
        "trained further stay at their sites; that of the run is the one before."
    )


def benefit_sentence(run: RunView, metric: str = "") -> str:
    """Say what charts.benefit_chart shows."""
    stands = headline(run.final)
    metric = metric or stands.metric
    together, own = federated_score(run, metric), local_scores(run, metric)
    alone = [float(score["value"]) for _, score in own]
    if not run.request.benefit:
        return "This run was asked not to measure benefit."
    if not together or not alone:
        return "Benefit is measured at the end of a run, when each site has also trained alone."
    word = stands.word if metric == stands.metric else metric
    sign = -1 if metric == "loss" else 1
    at_sites = together_scores(run, metric)
    better = sum(
        sign * float(at_sites.get(name, together)["value"]) > sign * float(score["value"]) for name, score in own
    )
    said = (
        f"Together the sites reach {word} {number(together['value'])} (95 % interval {interval(together)}). "
        f"Alone they reach {min(alone):.3f} to {max(alone):.3f}; {better} of {amount(len(alone), 'site')} do better "
        "together."
    )
    if at_each_site(run):
        said += (
            " Each site uses the joined model with its own mean and deviation, as if the held-out rows were its own; "
            "the dots show that. The line is the model for everybody else, which standardises by those of all sites."
        )
    cannot = len(run.sites) - len(alone)
    if cannot:
        said += f" {amount(cannot, 'site')} cannot train alone."
    pooled = pooled_score(run, metric)
    if pooled:
        said += f" One model on all rows pooled, for comparison, reaches {number(pooled['value'])}."
    if len(alone) > SHOWN_SITES:
        said += f" The chart shows the {SHOWN_SITES} sites that do worst alone; the table has all."
    return said
