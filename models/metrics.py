"""How good probabilities are, with 95 % bootstrap intervals. Pure NumPy; every number is the same everywhere.

Probabilities of two classes are (n,), those of more are (n, k) and scored by models.class_metrics.

A resample is a vector of weights: how often each row was drawn. Every metric is a weighted sum, so a block of
resamples is one matrix product and a thousand of them cost milliseconds. Rows are drawn within each class
(stratified), so that AUC, sensitivity and specificity are defined in every resample.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.class_metrics import METRICS as CLASS_METRICS
from models.class_metrics import ClassScorer, class_metrics_of_each

METRICS = ("auc", "accuracy", "sensitivity", "specificity", "loss", "ece")
BINS = 15  # of equal width, Guo et al. 2017, arXiv 1706.04599
_SMALLEST = 1e-7  # probabilities are kept this far from 0 and 1 in the log loss
_BLOCK = 1_000_000  # weights held in memory at once

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float | None]:
        """Return the three numbers by name, None in place of NaN."""
        pairs = (("value", self.value), ("low", self.low), ("high", self.high))
        return {name: None if np.isnan(number) else float(number) for name, number in pairs}

    @classmethod
    def from_json(cls, data: dict[str, float | None]) -> "Interval":
        """Read what as_json wrote."""
        return cls(*(float("nan") if data[k] is None else float(data[k] or 0.0) for k in ("value", "low", "high")))


class _Scorer:
    """Rows prepared so that all metrics of (r, n) weights are a few matrix products."""

    def __init__(self, y: Array, p: Array, threshold: float) -> None:
        self.positive = y == 1
        self.order = np.argsort(p, kind="stable")
        ordered = p[self.order]
        self.ties = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        self.called = (p >= threshold).astype(np.float64)
        self.right = np.where(self.positive, self.called, 1 - self.called)
        clipped = np.clip(p, _SMALLEST, 1 - _SMALLEST)
        self.row_loss = -np.log(np.where(self.positive, clipped, 1 - clipped))
        bins = np.minimum((p * BINS).astype(np.int64), BINS - 1)
        self.gap = np.zeros((len(p), BINS))
        self.gap[np.arange(len(p)), bins] = p - self.positive

    def auc(self, w: Array) -> Array:
        """Area under the ROC curve of (r, n) weights, ties counted half."""
        w_sorted = w[:, self.order]
        positive = self.positive[self.order]
        up = np.add.reduceat(w_sorted * positive, self.ties, axis=1)
        down = np.add.reduceat(w_sorted * ~positive, self.ties, axis=1)
        below = np.cumsum(down, axis=1) - down
        with np.errstate(invalid="ignore"):
            area: Array = (up * (below + 0.5 * down)).sum(axis=1) / (up.sum(axis=1) * down.sum(axis=1))
        return area

    def __call__(self, w: Array) -> dict[str, Array]:
        """Return every metric for each of (r, n) weights."""
        total = w.sum(axis=1)
        up = self.positive.astype(np.float64)
        with np.errstate(invalid="ignore"):
            return {
                "auc": self.auc(w),
                "accuracy": w @ self.right / total,
                "sensitivity": w @ (self.right * up) / (w @ up),
                "specificity": w @ (self.right * (1 - up)) / (w @ (1 - up)),
                "loss": w @ self.row_loss / total,
                "ece": np.abs(w @ self.gap).sum(axis=1) / total,
            }


def _rows(y: ArrayLike, *probabilities: ArrayLike) -> tuple[Array, ...]:
    arrays = tuple(np.asarray(values, dtype=np.float64).reshape(-1) for values in (y, *probabilities))
    if len({len(values) for values in arrays}) != 1 or not len(arrays[0]):
        raise ValueError(f"Labels and probabilities must be of one length, at least 1: {[len(v) for v in arrays]}.")
    if not np.isin(arrays[0], (0, 1)).all():
        raise ValueError("Labels must be 0 or 1.")
    for values in arrays[1:]:
        if not ((values >= 0) & (values <= 1)).all():
            raise ValueError("Probabilities must lie between 0 and 1.")
    return arrays


def _resamples(y: Array, resamples: int, seed: int) -> Iterator[Array]:
    """Yield blocks of (r, n) weights: rows drawn with replacement within each class."""
    random = np.random.default_rng(seed)
    groups = [np.flatnonzero(y == k) for k in range(max(2, int(y.max()) + 1))]
    block = max(1, _BLOCK // len(y))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        w = np.zeros((size, len(y)))
        for group in groups:
            if len(group):
                w[:, group] = random.multinomial(len(group), np.full(len(group), 1 / len(group)), size=size)
        yield w


def _interval(value: float, drawn: Array) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5]) if np.isfinite(drawn).all() else (np.nan, np.nan)
    return Interval(float(value), float(low), float(high))


def _recentred(value: float, drawn: Array) -> Array:
    """Take out what resampling adds to ECE: gaps count by size, so noise in them never cancels."""
    moved: Array = np.clip(drawn - (drawn.mean() - value), 0.0, 1.0)
    return moved


def _scorer(y: ArrayLike, p: ArrayLike, threshold: float) -> tuple[Array, _Scorer | ClassScorer]:
    """Return the labels and what scores them."""
    if np.ndim(p) != 2:
        labels, chances = _rows(y, p)
        return labels, _Scorer(labels, chances, threshold)
    classes, many = np.asarray(y).reshape(-1), np.asarray(p, dtype=np.float64)
    if len(classes) != len(many) or not len(classes):
        raise ValueError(f"Labels and probabilities must be of one length, at least 1: {len(classes)}, {len(many)}.")
    if not np.isin(classes, range(many.shape[1])).all():
        raise ValueError(f"Labels must be whole numbers from 0 to {many.shape[1] - 1}.")
    if not ((many >= 0) & (many <= 1)).all():
        raise ValueError("Probabilities must lie between 0 and 1.")
    whole = classes.astype(np.int64)
    return whole.astype(np.float64), ClassScorer(whole, many)


def point_metrics(y: ArrayLike, p: ArrayLike, threshold: float = 0.5) -> dict[str, float]:
    """Score (n,) probabilities as binary_metrics does, (n, k) ones as models.class_metrics says."""
    labels, scorer = _scorer(y, p, threshold)
    return {name: float(values[0]) for name, values in scorer(np.ones((1, len(labels)))).items()}


def metrics_of_each(y: ArrayLike, p: Array) -> list[dict[str, float]]:
    """Score each of (s, n) or (s, n, k) probabilities against the same (n,) labels."""
    return class_metrics_of_each(np.asarray(y, dtype=np.int64), p) if p.ndim == 3 else binary_metrics_of_each(y, p)


def of_classes(y: ArrayLike, p: ArrayLike, resamples: int = 1000, seed: int = 0) -> list[dict[str, Interval]]:
    """Return for each of the k classes of (n, k) probabilities its sensitivity, precision, F1, AUC."""
    labels, scorer = _scorer(y, p, 0.5)
    assert isinstance(scorer, ClassScorer)
    values = scorer.of_classes(np.ones((1, len(labels))))
    blocks = [scorer.of_classes(w) for w in _resamples(labels, resamples, seed)]
    drawn = {name: np.concatenate([block[name] for block in blocks]) for name in values}
    return [
        {name: _interval(float(values[name][0, k]), drawn[name][:, k]) for name in values}
        for k in range(next(iter(values.values())).shape[1])
    ]


def mean_f1(y: ArrayLike, p: ArrayLike, classes: Sequence[int], resamples: int = 1000, seed: int = 0) -> Interval:
    """Return the mean F1 of some of the k classes of (n, k) probabilities."""
    labels, scorer = _scorer(y, p, 0.5)
    assert isinstance(scorer, ClassScorer)
    some = list(classes)
    value = scorer.of_classes(np.ones((1, len(labels))))["f1"][0, some].mean()
    blocks = [scorer.of_classes(w)["f1"][:, some].mean(axis=1) for w in _resamples(labels, resamples, seed)]
    return _interval(float(value), np.concatenate(blocks))


def binary_metrics(y: ArrayLike, p: ArrayLike, threshold: float = 0.5) -> dict[str, float]:
    """Score (n,) probabilities of the positive class against (n,) labels 0 or 1.

    Returns
    -------
    ``auc`` (NaN when only one class is there), ``accuracy``, ``sensitivity`` and ``specificity`` at ``threshold``
    (NaN without rows of that class), ``loss`` (mean log loss, natural logarithm), ``ece`` (15 bins of equal width).
    """
    labels, chances = _rows(y, p)
    scores = _Scorer(labels, chances, threshold)(np.ones((1, len(labels))))
    return {name: float(values[0]) for name, values in scores.items()}


def binary_metrics_of_each(y: ArrayLike, p: Array, threshold: float = 0.5) -> list[dict[str, float]]:
    """Score each of (s, n) probabilities against the same (n,) labels, as binary_metrics does one."""
    labels, _ = _rows(y, y)
    positive = labels == 1
    called = p >= threshold
    right = np.where(positive, called, ~called).astype(np.float64)
    clipped = np.clip(p, _SMALLEST, 1 - _SMALLEST)
    bins = np.minimum((p * BINS).astype(np.int64), BINS - 1) + BINS * np.arange(len(p))[:, None]
    gaps = np.bincount(bins.ravel(), weights=(p - positive).ravel(), minlength=BINS * len(p)).reshape(-1, BINS)
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a class without rows: NaN
        columns = {
            "auc": _auc_of_each(positive, p),
            "accuracy": right.mean(axis=1),
            "sensitivity": right @ positive / positive.sum(),
            "specificity": right @ ~positive / (~positive).sum(),
            "loss": -np.log(np.where(positive, clipped, 1 - clipped)).mean(axis=1),
            "ece": np.abs(gaps).sum(axis=1) / len(labels),
        }
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*(c.tolist() for c in columns.values()), strict=True)
    ]


def _auc_of_each(positive: NDArray[np.bool_], p: Array) -> Array:
    """Return the share of pairs of a positive and a negative in right order, ties counted half, for (s, n) ``p``."""
    order = np.argsort(p, axis=1)
    ranked, up = np.take_along_axis(p, order, axis=1), positive[order]
    negatives = np.cumsum(~up, axis=1, dtype=np.int32)  # up to each place
    differs, places = ranked[:, 1:] != ranked[:, :-1], np.arange(p.shape[1], dtype=np.int32)
    edge = np.ones((len(p), 1), dtype=bool)
    first = np.maximum.accumulate(np.where(np.hstack([edge, differs]), places, 0), axis=1)  # of those tied with each
    last = np.minimum.accumulate(np.where(np.hstack([differs, edge]), places, len(places))[:, ::-1], axis=1)[:, ::-1]
    before = np.take_along_axis(negatives - ~up, first, axis=1)
    areas: Array = ((before + np.take_along_axis(negatives, last, axis=1)) * up).sum(axis=1) / 2
    pairs = positive.sum() * (~positive).sum()
    areas /= pairs
    return areas


def with_intervals(
    y: ArrayLike, p: ArrayLike, threshold: float = 0.5, resamples: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """Score as point_metrics does, each with its 95 % percentile bootstrap interval (for ECE, recentred)."""
    labels, scorer = _scorer(y, p, threshold)
    values = {name: float(found[0]) for name, found in scorer(np.ones((1, len(labels)))).items()}
    names = _names(scorer)
    blocks = [scorer(w) for w in _resamples(labels, resamples, seed)]
    drawn = {name: np.concatenate([block[name] for block in blocks]) for name in names}
    drawn["ece"] = _recentred(values["ece"], drawn["ece"])
    return {name: _interval(values[name], drawn[name]) for name in names}


def _names(scorer: _Scorer | ClassScorer) -> tuple[str, ...]:
    return METRICS if isinstance(scorer, _Scorer) else CLASS_METRICS


def paired_differences(
    y: ArrayLike,
    p_a: ArrayLike,
    p_b: ArrayLike,
    threshold: float = 0.5,
    resamples: int = 1000,
    seed: int = 0,
    threshold_b: float | None = None,
) -> dict[str, Interval]:
    """Return every metric of ``p_a`` minus that of ``p_b`` on the same rows, drawn together, with 95 % intervals."""
    labels, a = _scorer(y, p_a, threshold)
    _, b = _scorer(y, p_b, threshold if threshold_b is None else threshold_b)
    one = np.ones((1, len(labels)))
    value_a, value_b = a(one), b(one)
    drawn = [(a(w), b(w)) for w in _resamples(labels, resamples, seed)]
    return {
        name: _interval(
            float(value_a[name][0] - value_b[name][0]), np.concatenate([one[name] - two[name] for one, two in drawn])
        )
        for name in _names(a)
    }
