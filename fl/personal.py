"""What a site gains by training the finished model further on its own rows, measured on rows that it set aside.

Fine-tuning after federation, the plainest of personalised federated learning and hard to beat: Cheng, Chadha and Duchi
(2021), "Federated Asymptotics: a model to compare federated learning algorithms", https://arxiv.org/abs/2108.07313.
The further trained model stays at the site; what the server learns is how well both models do there.

Few rows are set aside, often fewer than ten, so the intervals are those of models.few_rows; where no honest one can be
given there is none.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.table import Dataset, FloatArray
from fl.evaluation import SMALLEST, HeldOut, chances_of
from models.few_rows import FEWEST_CHANGES, FEWEST_LOSSES, change_of_share, mean, share
from models.metrics import Interval
from models.preparation import Preparation
from models.task import Task

METRICS = ("loss", "accuracy")  # defined whatever classes the few rows have
MODELS = ("before", "after", "change")
Numbers = NDArray[np.float64]


def compared(task: Task, preparation: Preparation, aside: Dataset, before: FloatArray, after: FloatArray) -> Numbers:
    """Return the (3, 2, 3) value, low and high end of MODELS × METRICS on the rows set aside, uncalibrated."""
    own = HeldOut(task, preparation, aside)
    first, second = (_of_rows(own.y, chances_of(own.logits(weights))) for weights in (before, after))
    (loss, right), (loss_after, right_after) = first, second
    n, gained, lost = len(own.y), int((right_after & ~right).sum()), int((right & ~right_after).sum())
    found = (
        (mean(loss, FEWEST_LOSSES, 0.0), share(int(right.sum()), n)),
        (mean(loss_after, FEWEST_LOSSES, 0.0), share(int(right_after.sum()), n)),
        (mean(loss_after - loss, FEWEST_CHANGES), change_of_share(gained, lost, n)),
    )
    return np.array([[_three(score) for score in scores] for scores in found])


def _of_rows(y: NDArray[np.int64], p: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return the log loss of each row, and whether the more probable class is the right one."""
    if p.ndim == 1:
        chances, right = np.where(y == 1, p, 1 - p), (p >= 0.5) == (y == 1)
    else:
        chances, right = p[np.arange(len(y)), y], p.argmax(axis=1) == y
    return -np.log(np.maximum(chances, SMALLEST)), right


def _three(score: Interval) -> tuple[float, float, float]:
    """Return value, low and high; messages carry no NaN, so the value again where there is no interval."""
    return (score.value, score.value, score.value) if np.isnan(score.low) else (score.value, score.low, score.high)


def _has_interval(model: str, name: str, n: int) -> bool:
    return name == "accuracy" or n >= (FEWEST_CHANGES if model == "change" else FEWEST_LOSSES)


def as_json(answer: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what a site answered: n rows set aside, and before, after and change of the further training."""
    found: dict[str, Any] = {"n": int(answer["num-examples"])}
    for model, scores in zip(MODELS, answer["scores"].tolist(), strict=True):
        found[model] = {}
        for name, (value, low, high) in zip(METRICS, scores, strict=True):
            ends = (low, high) if _has_interval(model, name, found["n"]) else (np.nan, np.nan)
            found[model][name] = Interval(value, *ends).as_json()
    return found
