"""Two models of one task beside each other, on the same held-out rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.partition import hold_out
from data.table import Dataset
from models import token_metrics
from models.encoding import encoded
from models.metrics import Interval, paired_differences, with_intervals
from models.stored import Model
from models.task import Task

THRESHOLD = 0.5  # on the calibrated probability, where a task aims at no sensitivity: the more likely class


@dataclass(frozen=True)
class Comparison:
    """Scores of a challenger and of the champion on the same rows.

    Parameters
    ----------
    n : held-out rows.
    fingerprint : SHA-256 of the public data that they are part of.
    challenger, champion : metric → value and 95 % interval; ``champion`` is empty when there is none.
    differences : metric → challenger minus champion, drawn on the same rows, with 95 % interval.
    sentence : what that means for the AUC, in words.
    """

    n: int
    fingerprint: str
    challenger: dict[str, Interval]
    champion: dict[str, Interval]
    differences: dict[str, Interval]
    sentence: str


def heldout_rows(task: Task) -> Dataset:
    """Return the rows of the task's public data that no run trains on, encoded: the same for every version."""
    public = task.public()
    return task.scored(encoded(task, public.take(hold_out(public).heldout), keep=True))


def evaluate(model: Model, dataset: Dataset) -> dict[str, Interval]:
    """Score calibrated probabilities, or what answers cost, on ``dataset``, every metric with its 95 % interval."""
    if model.task.generates:
        return token_metrics.token_intervals(model.logits(dataset.x), dataset.natural_sites)
    return with_intervals(dataset.y, model.probability(dataset.x), model.calibration.threshold)


def _in_words(difference: Interval) -> str:
    step = f"{difference.value:+.3f} (95 % interval {difference.low:+.3f} to {difference.high:+.3f})"
    if np.isnan(difference.low):
        return "The held-out rows hold one class only, so AUC is not defined."
    if difference.low > 0:
        return f"The challenger tells the classes apart better: AUC {step}."
    if difference.high < 0:
        return f"The challenger tells the classes apart worse: AUC {step}."
    return f"The two cannot be told apart on these rows: AUC {step}."


def compare_models(task: Task, challenger: Model, champion: Model | None) -> Comparison:
    """Score both models on the task's held-out rows now; the champion may be missing."""
    rows, fingerprint = heldout_rows(task), task.public().fingerprint
    if task.generates:
        return _compare_answers(rows, fingerprint, challenger, champion)
    first: NDArray[np.float64] = challenger.probability(rows.x)
    points = challenger.calibration.threshold, champion.calibration.threshold if champion else THRESHOLD
    scores = with_intervals(rows.y, first, points[0])
    if champion is None:
        return Comparison(len(rows), fingerprint, scores, {}, {}, "There is no champion yet to compare with.")
    second = champion.probability(rows.x)
    differences = paired_differences(rows.y, first, second, points[0], threshold_b=points[1])
    other = with_intervals(rows.y, second, points[1])
    return Comparison(len(rows), fingerprint, scores, other, differences, _in_words(differences["auc"]))


def _compare_answers(rows: Dataset, fingerprint: str, challenger: Model, champion: Model | None) -> Comparison:
    first = challenger.logits(rows.x)
    scores = token_metrics.token_intervals(first, rows.natural_sites)
    if champion is None:
        return Comparison(len(rows), fingerprint, scores, {}, {}, "There is no champion yet to compare with.")
    second = champion.logits(rows.x)
    differences, other = (
        token_metrics.token_differences(first, second),
        token_metrics.token_intervals(second, rows.natural_sites),
    )
    difference = differences["loss"]
    step = f"{difference.value:+.4f} nats a token (95 % interval {difference.low:+.4f} to {difference.high:+.4f})"
    if difference.high < 0:
        sentence = f"The challenger foresees held-out answers better: {step}."
    elif difference.low > 0:
        sentence = f"The challenger foresees held-out answers worse: {step}."
    else:
        sentence = f"The two cannot be told apart on these answers: {step}."
    return Comparison(len(rows), fingerprint, scores, other, differences, sentence)
