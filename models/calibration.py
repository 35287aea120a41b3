"""From a network's logit to a probability that means what it says, with its uncertainty.

Platt scaling, https://home.cs.colorado.edu/~mozer/Teaching/syllabi/6622/papers/Platt1999.pdf: a logistic regression of
the label on the logit, with smoothed targets, fitted on calibration rows that nobody trains on. The same fit on
bootstrap resamples of those rows gives an interval around every probability.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

RESAMPLES = 200
# Pull towards slope 1 and intercept 0: a fit on few or one-sided rows exists, and the smoothed targets do not take
# away what the network rightly is sure of. Chosen by cross-validation of breast_cancer and diabetes.
_PRIOR = 0.3
_LEAST_SLOPE = 1e-3  # a higher logit never gives a lower probability
_STEPS = 40
_HALVINGS = 20


def sigmoid(logit: ArrayLike) -> Array:
    """Return 1 / (1 + exp(-logit)), without overflow."""
    values = np.asarray(logit, dtype=np.float64)
    small = np.exp(-np.abs(values))
    chance: Array = np.where(values >= 0, 1.0, small) / (1.0 + small)
    return chance


class _Fits:
    """The penalised log loss of (b, n) weighted fits at once; logits are scaled to unit spread, so Newton is tame."""

    def __init__(self, logit: Array, y: Array, weights: Array) -> None:
        self.spread = float(logit.std()) or 1.0
        self.logit, self.weights = logit / self.spread, weights
        high, low = (weights @ y + 1) / (weights @ y + 2), 1 / (weights @ (1 - y) + 2)
        self.targets = np.where(y == 1, high[:, None], low[:, None])

    def loss(self, slope: Array, intercept: Array) -> Array:
        """Return the (b,) losses."""
        odds = slope[:, None] * self.logit + intercept[:, None]
        rows = np.logaddexp(0, odds) - self.targets * odds
        total: Array = (self.weights * rows).sum(axis=1) + _PRIOR / 2 * ((slope - self.spread) ** 2 + intercept**2)
        return total

    def step(self, slope: Array, intercept: Array, free: Array) -> tuple[Array, Array]:
        """Return Newton's (b,) steps; where ``free`` is 0 the slope stays."""
        chance = sigmoid(slope[:, None] * self.logit + intercept[:, None])
        error, curve = self.weights * (chance - self.targets), self.weights * chance * (1 - chance)
        to_slope = (error @ self.logit + _PRIOR * (slope - self.spread)) * free
        to_intercept = error.sum(axis=1) + _PRIOR * intercept
        aa, ab, bb = curve @ self.logit**2 + _PRIOR, (curve @ self.logit) * free, curve.sum(axis=1) + _PRIOR
        det = aa * bb - ab**2
        return (bb * to_slope - ab * to_intercept) / det, (aa * to_intercept - ab * to_slope) / det


def _minimise(fits: _Fits, slope: Array, intercept: Array, free: Array) -> tuple[Array, Array]:
    now = fits.loss(slope, intercept)
    for _ in range(_STEPS):
        by_slope, by_intercept = fits.step(slope, intercept, free)
        size = np.ones(len(slope))
        for _ in range(_HALVINGS):  # of a step that would make it worse, by more than rounding does
            after = fits.loss(slope - size * by_slope, intercept - size * by_intercept)
            worse = after > now + 1e-10 * (1 + now)
            if not worse.any():
                break
            size[worse] /= 2
        size[worse] = 0.0
        slope, intercept, now = slope - size * by_slope, intercept - size * by_intercept, np.minimum(after, now)
        if max(np.abs(size * by_slope).max(), np.abs(size * by_intercept).max()) < 1e-7:
            break
    return slope, intercept


def _fit(logit: Array, y: Array, weights: Array) -> tuple[Array, Array]:
    """Return (b,) slopes and intercepts for (b, n) row weights."""
    fits = _Fits(logit, y, weights)
    none, all_free = np.zeros(len(weights)), np.ones(len(weights))
    slope, intercept = _minimise(fits, none, none, all_free)
    least = _LEAST_SLOPE * fits.spread
    if (slope < least).any():
        free = np.where(slope < least, 0.0, 1.0)
        slope, intercept = _minimise(fits, np.maximum(slope, least), intercept, free)
    return slope / fits.spread, intercept


@dataclass(frozen=True)
class Calibration:
    """Log-odds = ``slope`` × logit + ``intercept``; ``slopes`` and ``intercepts`` (b,) are those of the resamples.

    From the probability ``threshold`` on, the answer is positive: the operating point.
    """

    slope: float
    intercept: float
    slopes: Array
    intercepts: Array
    threshold: float = 0.5

    def aimed(self, logit: ArrayLike, y: ArrayLike, sensitivity: float) -> "Calibration":
        """Return the same with the operating point that finds ``sensitivity`` of the positives among these rows."""
        chances = self.probability(logit)[np.asarray(y) == 1]
        return replace(self, threshold=float(np.quantile(chances, 1 - sensitivity))) if len(chances) else self

    @classmethod
    def fit(cls, logit: ArrayLike, y: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0) -> "Calibration":
        """Fit on (n,) logits and (n,) labels of the calibration rows; the same seed gives the same fit."""
        values = np.asarray(logit, dtype=np.float64).reshape(-1)
        labels = np.asarray(y, dtype=np.float64).reshape(-1)
        if len(values) != len(labels) or not len(values) or not np.isfinite(values).all():
            raise ValueError("Calibration needs as many finite logits as labels, at least one.")
        n = len(values)
        draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
        weights = np.concatenate([np.ones((1, n)), draws])  # classes are not kept apart: how common they are is unsure
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
