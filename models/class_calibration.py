"""Calibrated probabilities of three and more classes.

Temperature scaling with a bias a class (Guo et al. 2017, https://arxiv.org/abs/1706.04599; Alexandari et al. 2020,
https://arxiv.org/abs/1901.06852): the logits are multiplied by one slope, and each class gets an intercept that is
pulled towards 0. Where the calibration rows lack a class, nothing can be said of how common the classes are elsewhere:
then there is the slope alone. Fitted on calibration rows that nobody trains on; the same fit on resamples of them gives
intervals.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.calibration import RESAMPLES, Calibration

Array = NDArray[np.float64]

_PRIOR = 1.0  # weight of the pull of the log slope towards 0: that of about one row
_COMMON = 20.0  # of that of intercepts: rows of few patients say little about how common classes are elsewhere
_HELD = 1e12  # that of an intercept that stays 0
_STEPS = 30


def softmax(logits: ArrayLike) -> Array:
    """Return the (..., k) probabilities of (..., k) logits, without overflow."""
    values = np.asarray(logits, dtype=np.float64)
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    chances: Array = raised / raised.sum(axis=-1, keepdims=True)
    return chances


@dataclass(frozen=True)
class ClassCalibration:
    """Log-odds of k classes = ``slope`` × logits + ``intercept`` (k,), up to a constant.

    ``slopes`` (b,) and ``intercepts`` (b, k) are those of the resamples.
    """

    slope: float
    intercept: Array
    slopes: Array
    intercepts: Array
    threshold: ClassVar[float] = 0.5  # has no meaning: the most probable class is chosen

    @classmethod
    def fit(cls, logits: ArrayLike, y: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0) -> "ClassCalibration":
        """Fit on (n, k) logits and (n,) labels of the calibration rows; the same seed gives the same fit."""
        values = np.asarray(logits, dtype=np.float64)
        labels = np.asarray(y, dtype=np.int64).reshape(-1)
        if values.ndim != 2 or len(values) != len(labels) or not len(values) or not np.isfinite(values).all():
            raise ValueError("Calibration needs as many rows of finite logits as labels, at least one.")
        n = len(values)
        draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
        start, pull = np.zeros(1 + values.shape[1]), np.full(1 + values.shape[1], _COMMON)
        pull[0] = _PRIOR
        if not np.bincount(labels, minlength=values.shape[1]).all():
            pull[1:] = _HELD
        whole = _fit(values, labels, np.ones(n), start, pull)
        drawn = np.stack([_fit(values, labels, weights.astype(np.float64), whole, pull) for weights in draws])
        return cls(float(np.exp(whole[0])), whole[1:], np.exp(drawn[:, 0]), drawn[:, 1:])

    @classmethod
    def identity(cls, classes: int) -> "ClassCalibration":
        """Return the calibration that leaves logits as they are."""
        return cls(1.0, np.zeros(classes), np.ones(1), np.zeros((1, classes)))

    def log_odds(self, logits: ArrayLike) -> Array:
        """Return the (n, k) calibrated log-odds of each class against all others."""
        chances = self.probability(logits)
        clipped = np.clip(chances, 1e-12, 1 - 1e-12)
        odds: Array = np.log(clipped) - np.log1p(-clipped)
        return odds

    def probability(self, logits: ArrayLike) -> Array:
        """Return the (n, k) calibrated probabilities; each row sums to 1."""
        return softmax(self.slope * np.asarray(logits, dtype=np.float64) + self.intercept)

    def interval(self, logits: ArrayLike) -> tuple[Array, Array]:
        """Return the (n, k) lower and upper ends of the 95 % intervals; each probability lies between its own."""
        values = np.asarray(logits, dtype=np.float64)
        middle = self.probability(values)
        low, high = np.empty_like(middle), np.empty_like(middle)
        for start in range(0, len(values), 256):  # a big table needs no big matrix
            part = values[start : start + 256]
            chances = softmax(self.slopes[:, None, None] * part + self.intercepts[:, None, :])
            low[start : start + 256], high[start : start + 256] = np.percentile(chances, [2.5, 97.5], axis=0)
        return np.minimum(low, middle), np.maximum(high, middle)


AnyCalibration = Calibration | ClassCalibration


def fit_calibration(logits: ArrayLike, y: ArrayLike) -> AnyCalibration:
    """Return the calibration of a network: Platt's for (n,) logits, by class for (n, k) ones."""
    return ClassCalibration.fit(logits, y) if np.ndim(logits) == 2 else Calibration.fit(logits, y)


def _loss(values: Array, labels: NDArray[np.int64], weights: Array, at: Array, pull: Array) -> float:
    odds = np.exp(at[0]) * values + at[1:]
    top = odds.max(axis=1)
    rows = top + np.log(np.exp(odds - top[:, None]).sum(axis=1)) - odds[np.arange(len(labels)), labels]
    return float(weights @ rows + (pull @ at**2) / 2)


def _fit(values: Array, labels: NDArray[np.int64], weights: Array, start: Array, pull: Array) -> Array:
    """Return log slope and (k,) intercepts with the least weighted log loss, by Newton's steps, damped where needed."""
    at, now = start, _loss(values, labels, weights, start, pull)
    one_hot = np.eye(values.shape[1])[labels]
    for _ in range(_STEPS):
        scaled = np.exp(at[0]) * values  # also the derivative of the odds by the log slope
        chances = softmax(scaled + at[1:])
        error = weights[:, None] * (chances - one_hot)
        gradient = np.concatenate([[(error * scaled).sum()], error.sum(axis=0)]) + pull * at
        weighted = weights[:, None] * chances
        mean = (chances * scaled).sum(axis=1, keepdims=True)
        cross = (weighted * (scaled - mean)).sum(axis=0)
        curve = np.empty((len(at), len(at)))  # Gauss-Newton: positive, so that a step always leads down
        curve[0, 0] = (weighted * (scaled - mean) ** 2).sum()
        curve[0, 1:] = curve[1:, 0] = cross
        curve[1:, 1:] = np.diag(weighted.sum(axis=0)) - chances.T @ weighted
        step = np.linalg.solve(curve + np.diag(pull), gradient)
        size = 1.0
        while (after := _loss(values, labels, weights, at - size * step, pull)) > now and size > 1e-6:
            size /= 2
        if after > now:
            break
        at, now = at - size * step, after
        if np.abs(size * step).max() < 1e-6:
            break
    return at
