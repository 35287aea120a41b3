"""Scoring weights on rows that no site trains on: the same rows in every round, run and strategy."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data.table import Dataset, FloatArray
from fl.local import LARGE, network_of, tensors_of
from fl.sites import public_rows
from fl.together import Stack, can_stack
from models import token_metrics
from models.calibration import Calibration
from models.class_calibration import AnyCalibration, fit_calibration, softmax
from models.metrics import Interval, metrics_of_each, of_classes, with_intervals
from models.preparation import Preparation
from models.task import Task
from settings import cores

SAMPLE = 256  # held-out rows on which each site's update is scored; the global model is scored on all
FEW_ANSWERS = 12  # the same of a language task, where a row takes as long as a thousand others
ROWS_AT_ONCE = 64  # of a large network
ANSWERS_AT_ONCE = 4
SMALLEST = 1e-7  # probabilities are kept this far from 0 in the loss of a row, as in models.metrics
NUMBERS_AT_ONCE = 4_000_000  # weights and inputs that are worked on in one go
SETS_AT_ONCE = 64  # of weights: what they give then stays in the processor's cache


class HeldOut:
    """A task's held-out rows, prepared once and kept as tensors.

    Parameters
    ----------
    task, preparation : whose rows, and the constants that turn them into features.
    rows : rows to score on; the task's held-out ones when None.
    """

    def __init__(self, task: Task, preparation: Preparation, rows: Dataset | None = None) -> None:
        if rows is None:
            rows = public_rows(task.name, "heldout")
        self.y, self._words, self._hospitals = rows.y, task.generates, rows.natural_sites
        self._adapts = task.adapts
        self._x = tensors_of(task, rows, preparation)[0].clone()  # PyTorch's own memory: see _each
        self._net = network_of(task.name)
        self._large = len(self._net.weights) >= LARGE
        stacked = not self._words and not self._large and can_stack(self._net, self._x, scoring=True)
        self._stack = Stack(self._net, scoring=True) if stacked else None
        by_class = np.argsort(self.y, kind="stable")
        count = min(FEW_ANSWERS if self._words else SAMPLE, len(rows))
        few = by_class[np.linspace(0, len(rows) - 1, count).round().astype(np.int64)]
        self._few_x, self._few_y = self._x[np.sort(few)], self.y[np.sort(few)]

    def logits(self, weights: FloatArray) -> FloatArray:
        """Return the (n,) logits of a network with the (p,) ``weights``; (n, k) of one with k > 1 outputs.

        Of a language task, the (n, 2) costs of answers, and their lengths.
        """
        return self._logits(weights, self._x)

    def _logits(self, weights: FloatArray, x: Tensor) -> FloatArray:
        self._net.load(weights)
        self._net.network.eval()
        if not self._large and not self._words:
            return _forward(self._net.network, x)
        at_once = ANSWERS_AT_ONCE if self._words else ROWS_AT_ONCE
        # answers of a length together, so that none is filled up to a much longer one
        order = (x != 0).sum(1).argsort(stable=True) if self._words else torch.arange(len(x))
        # in parts that stay in the processor's cache, on all cores; which part a row is in changes nothing
        with ThreadPoolExecutor(cores()) as pool:
            parts = pool.map(partial(_forward, self._net.network), x[order].split(at_once))  # type: ignore[no-untyped-call]
            found = np.concatenate(list(parts))
        in_order: FloatArray = found[order.argsort().numpy()]
        return in_order

    def score_each(self, weights: FloatArray) -> list[tuple[float, dict[str, float]]]:
        """Score as ``score`` does each of (s, p) weights, on at most ``SAMPLE`` of the rows, the same every time."""
        logits = self._each(weights)
        finite = np.asarray(np.isfinite(logits).reshape(len(logits), -1).all(axis=1))
        logits[~finite] = 0.0
        if self._words:
            scores = [token_metrics.token_metrics(each) for each in logits]
        else:
            scores = metrics_of_each(self._few_y, _chances(logits, each=logits.ndim == 3))
        return [
            (metrics.pop("loss"), metrics) if good else (float("nan"), {})
            for metrics, good in zip(scores, finite, strict=True)
        ]

    def row_losses(self, weights: FloatArray) -> NDArray[np.float64]:
        """Return the (s, n) log loss of each of (s, p) weights on each of at most ``SAMPLE`` rows."""
        logits = self._each(weights)
        bad = ~np.isfinite(logits).reshape(*logits.shape[:2], -1).all(axis=2)
        logits[bad] = 0.0
        if self._words:
            losses = token_metrics.row_losses(logits)
            losses[bad] = -np.log(SMALLEST)
            return losses
        if logits.ndim == 3:
            right = softmax(logits)[:, np.arange(len(self._few_y)), self._few_y]
        else:
            chances = _sigmoid(logits)
            right = np.where(self._few_y == 1, chances, 1 - chances)
        right[bad] = 0.0
        found: NDArray[np.float64] = -np.log(np.maximum(right, SMALLEST))
        return found

    def _each(self, weights: FloatArray) -> FloatArray:
        """Return the (s, n) logits of each of (s, p) weights on the few rows."""
        if self._stack is None:
            return np.stack([self._logits(row, self._few_x) for row in weights])
        self._net.network.eval()
        at_once = min(SETS_AT_ONCE, max(1, NUMBERS_AT_ONCE // (weights.shape[1] + self._few_x.numel())))
        with torch.inference_mode():
            # NumPy's memory may begin anywhere, and the last bits of a product depend on where
            parts = torch.from_numpy(weights).clone().split(at_once)  # type: ignore[no-untyped-call]
            logits: FloatArray = torch.cat([self._stack.logits(part, self._few_x) for part in parts]).numpy()
        return logits

    def intervals(self, weights: FloatArray) -> dict[str, Interval]:
        """Return every metric of a language task with its 95 % interval."""
        return token_metrics.token_intervals(self.logits(weights), self._hospitals)

    def score(self, weights: FloatArray) -> tuple[float, dict[str, float]]:
        """Return loss and the other metrics of uncalibrated probabilities; NaN loss for logits that are not finite."""
        logits = self.logits(weights)
        if not np.isfinite(logits).all():
            return float("nan"), {}
        if self._words:
            metrics = token_metrics.token_metrics(logits, self._hospitals)
            return metrics.pop("loss"), metrics
        chances = _chances(logits, each=logits.ndim == 2)
        metrics = metrics_of_each(self.y, chances[None])[0]
        return metrics.pop("loss"), {**metrics, **self._at_sites(chances)}

    def _at_sites(self, chances: NDArray[np.float64]) -> dict[str, float]:
        """Return the mean log loss on the rows of each hospital, where the task follows a base from round to round."""
        if not self._adapts or self._hospitals is None or chances.ndim == 1:
            return {}
        losses = -np.log(np.maximum(chances[np.arange(len(self.y)), self.y], SMALLEST))
        named = np.array(self._hospitals)
        return {
            f"{token_metrics.AT}{name}": float(losses[named == name].mean()) for name in dict.fromkeys(self._hospitals)
        }


def _forward(network: nn.Module, x: Tensor) -> FloatArray:
    torch.set_num_threads(1)
    with torch.inference_mode():
        found: FloatArray = network(x).squeeze(1).numpy()
    return found


def chances_of(logits: FloatArray) -> NDArray[np.float64]:
    """Return (n,) probabilities of the positive class of (n,) logits, or (n, k) of each class of (n, k)."""
    return _chances(logits, each=logits.ndim == 2)


def _chances(logits: FloatArray, *, each: bool) -> NDArray[np.float64]:
    """Return probabilities of the positive class, or of ``each`` class along the last axis."""
    return softmax(logits) if each else _sigmoid(logits)


def _sigmoid(logits: FloatArray) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        chances: NDArray[np.float64] = 1 / (1 + np.exp(-logits.astype(np.float64)))
    return chances


def calibration_loss(task: Task) -> Callable[[FloatArray, Preparation], float]:
    """Return a function from a model to its loss on the task's calibration rows, to choose a round by."""
    rows = public_rows(task.name, "calibration")

    def loss(weights: FloatArray, preparation: Preparation) -> float:
        return HeldOut(task, preparation, rows).score(weights)[0]

    return loss


def operating_points(
    task: Task, weights: FloatArray, preparation: Preparation, calibration: AnyCalibration
) -> dict[str, Any]:
    """Return what each operating point would give on the held-out rows, as JSON; of image tasks with two classes."""
    if len(task.classes) > 2 or task.pictures is None:
        return {}
    heldout = HeldOut(task, preparation)
    chances, ill = calibration.probability(heldout.logits(weights)), heldout.y == 1
    points = [
        {
            "threshold": at / 100,
            "sensitivity": float((chances[ill] >= at / 100).mean()),
            "specificity": float((chances[~ill] < at / 100).mean()),
        }
        for at in (1, 2, *range(5, 100, 5), 98, 99)
    ]
    return {"operating": {"prevalence": float(ill.mean()), "points": points}}


def scores_of_classes(
    task: Task, weights: FloatArray, preparation: Preparation, calibration: AnyCalibration
) -> list[dict[str, Any]]:
    """Return for each of more than two classes its name, held-out rows and scores, as JSON; nothing for two."""
    if len(task.classes) == 2 or task.generates:
        return []
    heldout = HeldOut(task, preparation)
    found = of_classes(heldout.y, calibration.probability(heldout.logits(weights)))
    return [
        {"name": name, "n": int((heldout.y == k).sum()), **{each: score.as_json() for each, score in scores.items()}}
        for k, (name, scores) in enumerate(zip(task.classes, found, strict=True))
    ]


def calibrated(task: Task, weights: FloatArray, preparation: Preparation) -> tuple[AnyCalibration, dict[str, Interval]]:
    """Fit the calibration on the calibration rows; score calibrated probabilities on the held-out rows, with intervals.

    That is what a model version serves, so a version, each site's own model and the pooled one are compared so.
    """
    if task.generates:  # there are no probabilities of classes to calibrate
        heldout = HeldOut(task, preparation)
        return Calibration.identity(), heldout.intervals(weights)
    rows = public_rows(task.name, "calibration")
    kept = HeldOut(task, preparation, rows).logits(weights)
    calibration = fit_calibration(kept, rows.y)
    if task.aim is not None and isinstance(calibration, Calibration):
        calibration = calibration.aimed(kept, rows.y, task.aim)
    heldout = HeldOut(task, preparation)
    chances = calibration.probability(heldout.logits(weights))
    return calibration, with_intervals(heldout.y, chances, calibration.threshold)
