"""What a site gains by training the finished model further on its own rows, measured on rows that it set aside.

Fine-tuning after federation, the plainest of personalised federated learning and hard to beat: Cheng, Chadha and Duchi
(2021), "Federated Asymptotics: a model to compare federated learning algorithms", https://arxiv.org/abs/2108.07313.
The further trained model stays at the site; what the server learns is how well both models do there.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.table import Dataset, FloatArray
from fl.evaluation import HeldOut, chances_of
from models.metrics import Interval, paired_differences, with_intervals
from models.preparation import Preparation
from models.task import Task

METRICS = ("loss", "accuracy")  # defined whatever classes the few rows have
MODELS = ("before", "after", "change")
Numbers = NDArray[np.float64]


def compared(task: Task, preparation: Preparation, aside: Dataset, before: FloatArray, after: FloatArray) -> Numbers:
    """Return the (3, 2, 3) value, low and high end of MODELS × METRICS on the rows set aside, uncalibrated."""
    own = HeldOut(task, preparation, aside)
    first, second = (chances_of(own.logits(weights)) for weights in (before, after))
    found = (with_intervals(own.y, first), with_intervals(own.y, second), paired_differences(own.y, second, first))
    return np.array([[_three(scores[name]) for name in METRICS] for scores in found])


def _three(score: Interval) -> tuple[float, float, float]:
    return score.value, score.low, score.high


def as_json(answer: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what a site answered: n rows set aside, and before, after and change of the further training."""
    found: dict[str, Any] = {"n": int(answer["num-examples"])}
    for model, scores in zip(MODELS, answer["scores"].tolist(), strict=True):
        found[model] = {name: Interval(*three).as_json() for name, three in zip(METRICS, scores, strict=True)}
    return found
