"""How good a task's federated recipe is: every row is scored once by a model that never saw it.

In each fold the sites train together on the other folds, an eighth of whose rows calibrates. Beside the federated model
stand what all rows in one place would give, and what the best site has alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.partition import folds, folds_by_site
from data.table import Dataset, IntArray
from fl import sites
from fl.federation import federate
from fl.request import RequestError, RunRequest
from fl.watcher import Silent, Stop
from models.comparison import THRESHOLD
from models.metrics import mean_f1, of_classes, with_intervals
from models.registry import get_task
from models.stored import Model
from models.task import Task

_MOST_GROUPS = 60


@dataclass(frozen=True)
class CrossValidation:
    """What cross-validation found.

    Parameters
    ----------
    folds, seed, n, sites : number of folds, the seed of folds and training, scored rows, sites that trained.
    by_site : whether each fold is a natural site, left out whole.
    classes : of more than two: name, n, sensitivity, precision, f1 and auc of each on all rows together.
    judged : mean F1 of the classes that the task names, with its 95 % interval; None where it names none.
    groups : of few groups (patients, folds), each with its rows and the part of them answered rightly.
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
    by_site: bool = False
    classes: tuple[dict[str, Any], ...] = ()
    judged: dict[str, float | None] | None = None
    groups: tuple[dict[str, Any], ...] = ()


def cross_validate(
    task_name: str, number: int | None, seed: int = 0, *, told: Callable[[str], None] | None = None
) -> CrossValidation:
    """Train a task's recipe ``number`` times, each time without one fold, and score that fold.

    Parameters
    ----------
    number : of folds; None leaves out each natural site in turn.

    Raises
    ------
    RequestError
        When the public data are not there or cannot be divided so.
    """
    task = get_task(task_name)
    rows, _ = sites.public_split(task_name)
    try:
        splits = folds(rows, number, seed) if number is not None else folds_by_site(rows, seed)
    except ValueError as error:
        raise RequestError(f"{error}.") from None
    request = RunRequest.for_task(task, seed=seed, executor="auto")
    chances = np.full(len(rows) if task.outputs == 1 else (len(rows), task.outputs), np.nan)
    federated, pooled = [], []
    alone: dict[str, list[dict[str, float]]] = {}
    took_part = 0
    for fold, split in enumerate(splits, 1):
        with sites.divided(task_name, split):
            outcome = federate(request, watcher=Silent(), stop=Stop())
            heldout = sites.public_rows(task_name, "heldout")
        model = Model.of(task, outcome.weights, outcome.preparation, outcome.calibration)
        chances[split.heldout] = model.probability(heldout.x)
        took_part = len(outcome.sites)
        names = {site.position: site.name for site in outcome.sites}
        federated.append({name: score.value for name, score in outcome.scores.items()})
        pooled.append(_values(outcome.benefit[-1]["pooled"]))
        for position, each in outcome.benefit.items():
            if "local" in each:
                alone.setdefault(names[position], []).append(_values(each["local"]))
        if told:
            told(f"fold {fold} of {len(splits)}: AUC {federated[-1]['auc']:.3f}, pooled {pooled[-1]['auc']:.3f}")
    scores = with_intervals(rows.y, chances, THRESHOLD)
    return CrossValidation(
        len(splits),
        seed,
        len(rows),
        took_part,
        {name: score.as_json() for name, score in scores.items()},
        _mean(federated),
        _mean(pooled),
        max(map(_mean, alone.values()), key=lambda scores: scores["auc"]),
        number is None,
        _classes(task, rows.y, chances),
        _judged(task, rows.y, chances),
        _groups(rows, chances),
    )


def _classes(task: Task, y: IntArray, chances: NDArray[np.float64]) -> tuple[dict[str, Any], ...]:
    if chances.ndim == 1:
        return ()
    return tuple(
        {"name": name, "n": int((y == k).sum()), **{each: score.as_json() for each, score in scores.items()}}
        for k, (name, scores) in enumerate(zip(task.classes, of_classes(y, chances), strict=True))
    )


def _judged(task: Task, y: IntArray, chances: NDArray[np.float64]) -> dict[str, float | None] | None:
    numbers = [task.classes.index(name) for name in task.judged]
    return mean_f1(y, chances, numbers).as_json() if numbers else None


def _groups(rows: Dataset, chances: NDArray[np.float64]) -> tuple[dict[str, Any], ...]:
    names = np.array(rows.groups or ())
    known = list(dict.fromkeys(names.tolist()))
    if not 2 <= len(known) <= _MOST_GROUPS:
        return ()
    called = chances.argmax(axis=1) if chances.ndim == 2 else (chances >= THRESHOLD).astype(np.int64)
    right = called == rows.y
    return tuple({"name": k, "n": int((names == k).sum()), "accuracy": float(right[names == k].mean())} for k in known)


def _values(scores: dict[str, Any]) -> dict[str, float]:
    return {name: float("nan") if score["value"] is None else score["value"] for name, score in scores.items()}


def _mean(of_folds: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([scores[name] for scores in of_folds])) for name in of_folds[0]}
