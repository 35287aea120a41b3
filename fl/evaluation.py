"""Scoring weights on rows that no site trains on: the same rows in every round, run and strategy."""

from collections.abc import Callable

import numpy as np
import torch

from data.table import Dataset, FloatArray
from fl.local import network_of, tensors_of
from fl.sites import public_split
from models.calibration import Calibration
from models.metrics import Interval, binary_metrics, with_intervals
from models.preparation import Preparation
from models.task import Task


class HeldOut:
    """A task's held-out rows, prepared once and kept as tensors.

    Parameters
    ----------
    task, preparation : whose rows, and the constants that turn them into features.
    rows : rows to score on; the task's held-out ones when None.
    """

    def __init__(self, task: Task, preparation: Preparation, rows: Dataset | None = None) -> None:
        if rows is None:
            public, split = public_split(task.name)
            rows = public.take(split.heldout)
        self.y = rows.y
        self._x, _ = tensors_of(task, rows, preparation)
        self._net = network_of(task.name)

    def logits(self, weights: FloatArray) -> FloatArray:
        """Return the (n,) logits of a network with the (p,) ``weights``."""
        self._net.load(weights)
        self._net.network.eval()
        with torch.inference_mode():
            found: FloatArray = self._net.network(self._x).squeeze(1).numpy()
        return found

    def score(self, weights: FloatArray) -> tuple[float, dict[str, float]]:
        """Return loss and the other metrics of uncalibrated probabilities; NaN loss for logits that are not finite."""
        logits = self.logits(weights)
        if not np.isfinite(logits).all():
            return float("nan"), {}
        metrics = binary_metrics(self.y, 1 / (1 + np.exp(-logits.astype(np.float64))))
        return metrics.pop("loss"), metrics


def calibration_loss(task: Task) -> Callable[[FloatArray, Preparation], float]:
    """Return a function from a model to its loss on the task's calibration rows, to choose a round by."""
    public, split = public_split(task.name)
    rows = public.take(split.calibration)

    def loss(weights: FloatArray, preparation: Preparation) -> float:
        return HeldOut(task, preparation, rows).score(weights)[0]

    return loss


def calibrated(task: Task, weights: FloatArray, preparation: Preparation) -> tuple[Calibration, dict[str, Interval]]:
    """Fit the calibration on the calibration rows; score calibrated probabilities on the held-out rows, with intervals.

    That is what a model version serves, so a version, each site's own model and the pooled one are compared so.
    """
    public, split = public_split(task.name)
    rows = public.take(split.calibration)
    calibration = Calibration.fit(HeldOut(task, preparation, rows).logits(weights), rows.y)
    heldout = HeldOut(task, preparation)
    return calibration, with_intervals(heldout.y, calibration.probability(heldout.logits(weights)))
