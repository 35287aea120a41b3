"""What it changes that each site standardises by its own mean and deviation: where sites differ, and where not."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks.federated import know_workloads
from fl.compare.summary import mean_with_interval, paired
from fl.federation import federate
from fl.request import STANDARDISE, RunRequest
from fl.watcher import Silent, Stop
from models.registry import get_task

CASES = (  # task, sites of its own, what a request takes over
    ("breast_cancer", {"partition": "iid"}),
    ("breast_cancer", {"partition": "dirichlet:0.3"}),
    ("breast_cancer", {"partition": "iid", "attack": "units:0.3"}),
    ("breast_cancer", {"partition": "iid", "attack": "inverted:0.3"}),
    ("heart_disease", {"partition": "natural"}),
    ("breast_ultrasound", {"partition": "iid"}),
    ("breast_ultrasound", {"partition": "dirichlet:0.3"}),
    ("cameras", {"partition": "natural"}),
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """One run's model.

    Parameters
    ----------
    own_loss, own_accuracy, own_rows : on rows that the sites set aside, each site using the model as it standardises.
    others_loss, others_auc : on the task's held-out rows, standardised by all sites together.
    """

    own_loss: float
    own_accuracy: float
    own_rows: int
    others_loss: float
    others_auc: float


def measure(seeds: int, say: Say) -> list[dict[str, Any]]:
    """Return a line a case: for each way mean and 95 % interval over seeds, and the change of ``site``, paired."""
    know_workloads()
    lines = []
    for task, more in CASES:
        runs = {how: [_run(task, more, how, seed) for seed in range(seeds)] for how in STANDARDISE}
        line = {"task": task, **more, "seeds": seeds, **{how: _summary(found) for how, found in runs.items()}}
        for name in ("own_loss", "others_loss"):
            ours, theirs = ([getattr(each, name) for each in runs[how]] for how in ("site", "together"))
            line[f"change_of_{name}"] = dict(zip(("value", "low", "high", "p"), paired(ours, theirs), strict=True))
        line["runs"] = {how: [asdict(each) for each in found] for how, found in runs.items()}
        lines.append(line)
        say(in_words(line))
    return lines


def _run(task: str, more: dict[str, Any], how: str, seed: int) -> Found:
    request = RunRequest.for_task(get_task(task), seed=seed, standardise=how, **more)
    outcome = federate(replace(request, benefit=True, personal=1), watcher=Silent(), stop=Stop())
    asked = [gained["personal"] for gained in outcome.benefit.values() if "personal" in gained]
    rows, last = sum(own["n"] for own in asked), outcome.rounds[-1]
    return Found(
        own_loss=sum(own["n"] * own["before"]["loss"]["value"] for own in asked) / rows,
        own_accuracy=sum(own["n"] * own["before"]["accuracy"]["value"] for own in asked) / rows,
        own_rows=rows,
        others_loss=last.loss,
        others_auc=last.metrics["auc"],
    )


def _summary(found: Sequence[Found]) -> dict[str, Any]:
    names = ("own_loss", "own_accuracy", "others_loss", "others_auc")
    scores = {name: mean_with_interval([getattr(each, name) for each in found]) for name in names}
    rows = statistics.mean(each.own_rows for each in found)
    return {
        "own_rows": rows,
        **{name: dict(zip(("value", "low", "high"), three, strict=True)) for name, three in scores.items()},
    }


def in_words(line: dict[str, Any]) -> str:
    """Return a line of the table."""
    what = "+".join(str(line[name]) for name in ("partition", "attack") if name in line)
    cells = [f"{line['task']} {what}"]
    for score in ("own_loss", "own_accuracy", "others_loss", "others_auc"):
        cells.append(" / ".join(_plain(line[how][score]) for how in STANDARDISE))
    for name in ("own_loss", "others_loss"):
        change = line[f"change_of_{name}"]
        cells.append(f"{change['value']:+.0%} ({change['low']:+.0%} to {change['high']:+.0%})")
    return "| " + " | ".join(cells) + " |"


def _plain(score: dict[str, float]) -> str:
    return f"{score['value']:.3f} ± {score['high'] - score['value']:.3f}"
