"""Filling gaps and standardising, fitted from what sites may share: medians, counts and sums, never rows.

Sites answer two questions before training. First each gives its own medians and how many values they rest on; the
federation's fill value of a column is the mean of those medians weighted by count. Then each gives count, sum and
sum of squares of its features, from which mean and standard deviation of all sites together follow exactly.
Held-out rows take no part in either.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from models.task import Task

Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Preparation:
    """Constants that turn inputs into network features.

    Parameters
    ----------
    fill : (d,) value for a missing input.
    mean, scale : (f,) mean and standard deviation of the features; scale is 1 where a feature never varies.
    """

    fill: FloatArray
    mean: FloatArray
    scale: FloatArray

    def __call__(self, task: Task, x: FloatArray) -> FloatArray:
        """Return the (n, f) standardised features of (n, d) inputs."""
        return ((fill_gaps(task, x, self.fill) - self.mean) / self.scale).astype(np.float32)


def fill_gaps(task: Task, x: FloatArray, fill: FloatArray) -> FloatArray:
    """Return the (n, f) features of (n, d) inputs with gaps filled, not yet standardised."""
    return task.features(x, np.where(np.isnan(x), fill, x).astype(np.float32))


def medians(x: FloatArray) -> tuple[Float64Array, Float64Array]:
    """Return a site's (d,) medians (0 where it has no value) and (d,) counts of values."""
    counts = (~np.isnan(x)).sum(axis=0).astype(np.float64)
    found, known = np.zeros(x.shape[1]), counts > 0
    median = np.median if (counts == len(x)).all() else np.nanmedian  # the first is many times faster
    found[known] = median(x[:, known], axis=0)
    return found, counts


def combine_medians(answers: Sequence[tuple[Float64Array, Float64Array]]) -> FloatArray:
    """Return the (d,) fill values: mean of the sites' medians weighted by their counts, 0 where nobody has a value."""
    values = np.stack([value for value, _ in answers])
    counts = np.stack([count for _, count in answers])
    total = counts.sum(axis=0)
    mean: FloatArray = ((values * counts).sum(axis=0) / np.maximum(total, 1)).astype(np.float32)
    return mean


def moments(features: FloatArray) -> tuple[float, Float64Array, Float64Array]:
    """Return a site's row count and (f,) sums and sums of squares."""
    wide = features.astype(np.float64)
    return float(len(wide)), wide.sum(axis=0), (wide**2).sum(axis=0)


def combine_moments(answers: Sequence[tuple[float, Float64Array, Float64Array]]) -> tuple[FloatArray, FloatArray]:
    """Return (f,) mean and (f,) standard deviation over all sites' rows, equal to those of the rows pooled."""
    count = sum(n for n, _, _ in answers)
    mean = np.sum([total for _, total, _ in answers], axis=0) / count
    variance = np.sum([squares for _, _, squares in answers], axis=0) / count - mean**2
    scale = np.sqrt(np.maximum(variance, 0.0))
    scale[scale < 1e-6 * np.maximum(1.0, np.abs(mean))] = 1.0
    return mean.astype(np.float32), scale.astype(np.float32)
