"""How good a task's federated recipe is: every row is scored once by a model that never saw it.

In each fold the sites train together on the other folds, an eighth of whose rows calibrates. Beside the federated model
stand what all rows in one place would give, and what the best site has alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.partition import folds
from fl import sites
from fl.federation import federate
from fl.request import RequestError, RunRequest
from fl.watcher import Silent, Stop
from models.comparison import THRESHOLD
from models.metrics import with_intervals
from models.registry import get_task
from models.stored import Model


@dataclass(frozen=True)
class CrossValidation:
    """What cross-validation found.

    Parameters
    ----------
    folds, seed, n, sites : number of folds, the seed of folds and training, scored rows, sites that trained.
    scores : every metric on all rows together, each scored by the fold that held it out, with its 95 % interval.
    federated, pooled, best_alone : every metric as the mean over the folds; ``best_alone`` is that of the site with the
        highest mean AUC.
    """

    folds: int
    seed: int
    n: int
    sites: int
    scores: dict[str, dict[str, float | None]]
    federated: dict[str, float]
    pooled: dict[str, float]
    best_alone: dict[str, float]


def cross_validate(
    task_name: str, number: int, seed: int = 0, *, told: Callable[[str], None] | None = None
) -> CrossValidation:
    """Train a task's recipe ``number`` times, each time without one fold, and score that fold.

    Raises
    ------
    RequestError
        When the public data are not there or cannot be divided so.
    """
    task = get_task(task_name)
    rows, _ = sites.public_split(task_name)
    try:
        splits = folds(rows, number, seed)
    except ValueError as error:
        raise RequestError(f"{error}.") from None
    request = RunRequest.for_task(task, seed=seed, executor="auto")
    chances = np.full(len(rows) if task.outputs == 1 else (len(rows), task.outputs), np.nan)
    federated, pooled = [], []
    alone: dict[int, list[dict[str, float]]] = {}
    took_part = 0
    for fold, split in enumerate(splits, 1):
        with sites.divided(task_name, split):
            outcome = federate(request, watcher=Silent(), stop=Stop())
            heldout = sites.public_rows(task_name, "heldout")
        model = Model.of(task, outcome.weights, outcome.preparation, outcome.calibration)
        chances[split.heldout] = model.probability(heldout.x)
        took_part = len(outcome.sites)
        federated.append({name: score.value for name, score in outcome.scores.items()})
        pooled.append(_values(outcome.benefit[-1]["pooled"]))
        for position, each in outcome.benefit.items():
            if "local" in each:
                alone.setdefault(position, []).append(_values(each["local"]))
        if told:
            told(f"fold {fold} of {number}: AUC {federated[-1]['auc']:.3f}, pooled {pooled[-1]['auc']:.3f}")
    scores = with_intervals(rows.y, chances, THRESHOLD)
    return CrossValidation(
        number,
        seed,
        len(rows),
        took_part,
        {name: score.as_json() for name, score in scores.items()},
        _mean(federated),
        _mean(pooled),
        max(map(_mean, alone.values()), key=lambda scores: scores["auc"]),
    )


def _values(scores: dict[str, Any]) -> dict[str, float]:
    return {name: float("nan") if score["value"] is None else score["value"] for name, score in scores.items()}


def _mean(of_folds: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([scores[name] for scores in of_folds])) for name in of_folds[0]}
