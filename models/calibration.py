"""From a network's logit to a probability that means what it says, with its uncertainty.

Platt scaling, https://home.cs.colorado.edu/~mozer/Teaching/syllabi/6622/papers/Platt1999.pdf: a logistic regression of
the label on the logit, with smoothed targets, fitted on calibration rows that nobody trains on. The same fit on
bootstrap resamples of those rows gives an interval around every probability.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

RESAMPLES = 200
_PRIOR = 0.01  # weak pull towards slope 1 and intercept 0, so that a fit on few or one-sided rows exists
_LEAST_SLOPE = 1e-3  # a higher logit never gives a lower probability
_STEPS = 50


def sigmoid(logit: ArrayLike) -> Array:
    """Return 1 / (1 + exp(-logit)), without overflow."""
    values = np.asarray(logit, dtype=np.float64)
    small = np.exp(-np.abs(values))
    chance: Array = np.where(values >= 0, 1.0, small) / (1.0 + small)
    return chance


def _fit(logit: Array, y: Array, weights: Array) -> tuple[Array, Array]:
    """Return (b,) slopes and intercepts for (b, n) row weights, by Newton's method on all fits at once."""
    up, down = weights @ y, weights @ (1 - y)
    high, low = (up + 1) / (up + 2), 1 / (down + 2)
    targets = np.where(y == 1, high[:, None], low[:, None])
    slope, intercept = np.ones(len(weights)), np.zeros(len(weights))
    free = np.ones(len(weights))  # 0 where the slope is held at its smallest
    for step in range(2 * _STEPS):
        chance = sigmoid(slope[:, None] * logit + intercept[:, None])
        error, curve = weights * (chance - targets), weights * chance * (1 - chance)
        grad_a = (error @ logit + _PRIOR * (slope - 1)) * free
        grad_b = error.sum(axis=1) + _PRIOR * intercept
        aa, ab, bb = curve @ logit**2 + _PRIOR, (curve @ logit) * free, curve.sum(axis=1) + _PRIOR
        det = aa * bb - ab**2
        move_a, move_b = (bb * grad_a - ab * grad_b) / det, (aa * grad_b - ab * grad_a) / det
        limit = np.maximum(1.0, np.maximum(np.abs(move_a), np.abs(move_b)) / 2)  # far off, Newton overshoots
        slope, intercept = slope - move_a / limit, intercept - move_b / limit
        done = max(np.abs(move_a).max(), np.abs(move_b).max()) < 1e-9
        if done or step == _STEPS - 1:
            wrong = (slope < _LEAST_SLOPE) & (free == 1)
            if done and not wrong.any():
                break
            slope, free = np.where(wrong, _LEAST_SLOPE, slope), np.where(wrong, 0.0, free)
    return np.maximum(slope, _LEAST_SLOPE), intercept


@dataclass(frozen=True)
class Calibration:
    """Log-odds = ``slope`` × logit + ``intercept``; ``slopes`` and ``intercepts`` (b,) are those of the resamples."""

    slope: float
    intercept: float
    slopes: Array
    intercepts: Array

    @classmethod
    def fit(cls, logit: ArrayLike, y: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0) -> "Calibration":
        """Fit on (n,) logits and (n,) labels of the calibration rows; the same seed gives the same fit."""
        values = np.asarray(logit, dtype=np.float64).reshape(-1)
        labels = np.asarray(y, dtype=np.float64).reshape(-1)
        if len(values) != len(labels) or not len(values) or not np.isfinite(values).all():
            raise ValueError("Calibration needs as many finite logits as labels, at least one.")
        random = np.random.default_rng(seed)
        weights = np.zeros((resamples + 1, len(values)))
        weights[0] = 1
        for k in (0, 1):
            group = np.flatnonzero(labels == k)
            if len(group):
                draws = random.multinomial(len(group), np.full(len(group), 1 / len(group)), size=resamples)
                weights[1:, group] = draws
        slopes, intercepts = _fit(values, labels, weights)
        return cls(float(slopes[0]), float(intercepts[0]), slopes[1:], intercepts[1:])

    @classmethod
    def identity(cls) -> "Calibration":
        """Return the calibration that leaves a logit as it is, for a network without calibration rows."""
        return cls(1.0, 0.0, np.ones(1), np.zeros(1))

    def log_odds(self, logit: ArrayLike) -> Array:
        """Return the (n,) calibrated log-odds."""
        odds: Array = self.slope * np.asarray(logit, dtype=np.float64) + self.intercept
        return odds

    def probability(self, logit: ArrayLike) -> Array:
        """Return the (n,) calibrated probabilities; a higher logit gives a higher one."""
        return sigmoid(self.log_odds(logit))

    def interval(self, logit: ArrayLike) -> tuple[Array, Array]:
        """Return the (n,) lower and upper ends of the 95 % interval; the probability lies between them."""
        values = np.asarray(logit, dtype=np.float64).reshape(-1)
        middle = self.probability(values)
        ends = np.empty((2, len(values)))
        for start in range(0, len(values), 4096):  # a big table needs no big matrix
            part = values[start : start + 4096]
            chances = sigmoid(np.outer(self.slopes, part) + self.intercepts[:, None])
            ends[:, start : start + 4096] = np.percentile(chances, [2.5, 97.5], axis=0)
        return np.minimum(ends[0], middle), np.maximum(ends[1], middle)
