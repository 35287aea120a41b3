"""How good probabilities of three and more classes are. Pure NumPy, in the same weighted sums as models.metrics.

``auc`` is the mean over classes of each against all others, ``f1`` the mean over classes (macro) with each row given
to its most probable class, ``ece`` is about the probability of that class.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

METRICS = ("auc", "accuracy", "f1", "loss", "ece")
BINS = 15
_SMALLEST = 1e-7

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


class ClassScorer:
    """Rows prepared so that all metrics of (r, n) weights are a few matrix products.

    Parameters
    ----------
    y : (n,) classes, from 0.
    p : (n, k) probabilities.
    """

    def __init__(self, y: IntArray, p: Array) -> None:
        n, k = p.shape
        self.is_class = np.eye(k)[y]
        chosen = p.argmax(axis=1)
        self.called = np.eye(k)[chosen]
        self.right = (chosen == y).astype(np.float64)
        self.row_loss = -np.log(np.clip(p[np.arange(n), y], _SMALLEST, 1.0))
        top = p[np.arange(n), chosen]
        self.gap = np.zeros((n, BINS))
        self.gap[np.arange(n), np.minimum((top * BINS).astype(np.int64), BINS - 1)] = top - self.right
        self.order = [np.argsort(p[:, j], kind="stable") for j in range(k)]
        self.ties = [
            np.flatnonzero(np.concatenate(([True], (ordered := p[order, j])[1:] != ordered[:-1])))
            for j, order in enumerate(self.order)
        ]

    def aucs(self, w: Array) -> Array:
        """Return the (r, k) areas of each class against all others, ties counted half; NaN without either."""
        areas = []
        for j, (order, ties) in enumerate(zip(self.order, self.ties, strict=True)):
            w_sorted, positive = w[:, order], self.is_class[order, j]
            up = np.add.reduceat(w_sorted * positive, ties, axis=1)
            down = np.add.reduceat(w_sorted * (1 - positive), ties, axis=1)
            below = np.cumsum(down, axis=1) - down
            with np.errstate(invalid="ignore"):
                areas.append((up * (below + 0.5 * down)).sum(axis=1) / (up.sum(axis=1) * down.sum(axis=1)))
        return np.stack(areas, axis=1)

    def of_classes(self, w: Array) -> dict[str, Array]:
        """Return for each of (r, n) weights and each class its (r, k) sensitivity, precision, F1 and AUC."""
        found, there, called = w @ (self.is_class * self.called), w @ self.is_class, w @ self.called
        with np.errstate(invalid="ignore"):
            return {
                "sensitivity": found / there,
                "precision": found / called,
                "f1": np.where(there + called > 0, 2 * found / (there + called), np.nan),
                "auc": self.aucs(w),
            }

    def __call__(self, w: Array) -> dict[str, Array]:
        """Return every metric for each of (r, n) weights; means are over the classes that the rows have."""
        total = w.sum(axis=1)
        there, called = w @ self.is_class, w @ self.called
        with np.errstate(invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # not one class: NaN
            f1 = np.where(there > 0, 2 * (w @ (self.is_class * self.called)) / (there + called), np.nan)
            return {
                "auc": np.nanmean(self.aucs(w), axis=1),
                "accuracy": w @ self.right / total,
                "f1": np.nanmean(f1, axis=1),
                "loss": w @ self.row_loss / total,
                "ece": np.abs(w @ self.gap).sum(axis=1) / total,
            }


def class_metrics_of_each(y: IntArray, p: Array) -> list[dict[str, float]]:
    """Score each of (s, n, k) probabilities against the same (n,) labels."""
    one = np.ones((1, len(y)))
    return [{name: float(value[0]) for name, value in ClassScorer(y, each)(one).items()} for each in p]


def confusion(y: IntArray, p: Array) -> IntArray:
    """Return (k, k) counts: rows are what is, columns what was called."""
    table = np.zeros((p.shape[1], p.shape[1]), dtype=np.int64)
    np.add.at(table, (y, p.argmax(axis=1)), 1)
    return table
