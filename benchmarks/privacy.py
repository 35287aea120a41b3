"""What privacy costs: AUC and accuracy by ε over seeds, and the time that secure aggregation adds to a round."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from fl.federation import Outcome, federate
from fl.request import RunRequest
from fl.watcher import Silent, Stop
from models.registry import get_task

TASKS = ("breast_cancer", "heart_disease", "vitals")
BUDGETS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)  # 0: none
SITES = (5, 10, 20, 50)  # of secure aggregation
ROUNDS = 5

Say = Callable[[str], None]


def measure(seeds: int, say: Say) -> dict[str, Any]:
    """Return {"noise": [a line a task, level and ε], "secure": [a line a number of sites]}."""
    return {"noise": list(_noise(seeds, say)), "secure": list(_secure(say))}


def _noise(seeds: int, say: Say) -> Iterator[dict[str, Any]]:
    for task in TASKS:
        for budget in BUDGETS:
            found = [_federate(RunRequest.for_task(get_task(task), dp_epsilon=budget, seed=n)) for n in range(seeds)]
            scores = _scores(found)
            said = ", ".join(f"{name} {score['mean']:.3f}" for name, score in scores.items())
            say(f"{task} ε {budget:g}: {said}")
            yield {"task": task, "level": "example", "epsilon": budget, "seeds": seeds, **scores}


def _secure(say: Say) -> Iterator[dict[str, Any]]:
    for sites in SITES:
        request = RunRequest.for_task(get_task("breast_cancer"), sites=sites, rounds=ROUNDS, benefit=False)
        plain = _round_seconds(request)
        secure = _round_seconds(replace(request, secure_aggregation=True))
        say(f"{sites} sites: a round takes {plain * 1000:.0f} ms open, {secure * 1000:.0f} ms secure")
        yield {"sites": sites, "open_seconds": plain, "secure_seconds": secure}


def _federate(request: RunRequest) -> Outcome:
    return federate(replace(request, benefit=False), watcher=Silent(), stop=Stop())


def _round_seconds(request: RunRequest) -> float:
    return statistics.median(result.seconds for result in _federate(request).rounds[2:])


def _scores(found: list[Outcome]) -> dict[str, dict[str, float]]:
    """Return mean, lowest and highest over the seeds."""
    scores = {}
    for name in ("auc", "accuracy"):
        values = [outcome.scores[name].value for outcome in found]
        scores[name] = {"mean": statistics.mean(values), "low": min(values), "high": max(values)}
    return scores
