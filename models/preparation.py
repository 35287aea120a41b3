"""Filling gaps and standardising, fitted from what sites may share: medians, counts and sums, never rows.

Sites answer two questions before training. First each gives its own medians and how many values they rest on; the
federation's fill value of a column is the mean of those medians weighted by count. Then each gives count, sum and
sum of squares of its features, from which mean and standard deviation of all sites together follow exactly.
Held-out rows take no part in either. A site whose values are in another unit would spoil this for all: it is found by
what it answered, and left out feature by feature.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from models.task import Task

Float64Array = NDArray[np.float64]
Moments = tuple[float, Float64Array, Float64Array]  # count, sums, sums of squares

FAR = 8.0  # beyond what unlike hospitals differ by: typical standard deviations, or typical sizes
FEWEST_SITES, FEWEST_ROWS = 4, 5  # below, nobody can say who is out of line


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

    @classmethod
    def none(cls) -> "Preparation":
        """Return the preparation of a task that is not standardised: it leaves rows as they are."""
        nothing = np.zeros(0, dtype=np.float32)
        return cls(nothing, nothing, nothing)

    def __call__(self, task: Task, x: FloatArray) -> FloatArray:
        """Return the (n, f) standardised features of (n, d) inputs."""
        if not task.standardised:
            return x.astype(np.float32)
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


def moments(features: FloatArray) -> Moments:
    """Return a site's row count and (f,) sums and sums of squares."""
    wide = features.astype(np.float64)
    return float(len(wide)), wide.sum(axis=0), (wide**2).sum(axis=0)


def out_of_line(answers: Sequence[Moments]) -> NDArray[np.bool_]:
    """Return an (s, f) mask of the features that a site can hardly have in the unit of the others.

    Its mean is more than ``FAR`` standard deviations from the middle of all sites, or its root mean square more than
    ``FAR`` times the usual; the usual is the median over sites. Features that are 0 or 1 have no unit. Nobody is out
    of line among fewer than ``FEWEST_SITES`` sites, nor one of fewer than ``FEWEST_ROWS`` rows.
    """
    counts = np.array([count for count, _, _ in answers])
    sums, squares = (np.stack([answer[i] for answer in answers]) for i in (1, 2))
    told = counts >= FEWEST_ROWS
    if told.sum() < FEWEST_SITES:
        return np.zeros(sums.shape, dtype=np.bool_)
    mean, size = sums / counts[:, None], np.sqrt(squares / counts[:, None])
    spread = np.sqrt(np.maximum(size**2 - mean**2, 0.0))
    usual_mean, usual_size, usual_spread = (np.median(values[told], axis=0) for values in (mean, size, spread))
    measured = (sums != squares).any(axis=0) & (usual_spread > 1e-6 * np.maximum(1.0, np.abs(usual_mean)))
    far = (np.abs(mean - usual_mean) > FAR * usual_spread) | (size > FAR * usual_size)
    return np.asarray(far & measured & told[:, None])


def combine_moments(
    answers: Sequence[Moments], left_out: NDArray[np.bool_] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return (f,) mean and (f,) standard deviation over all sites' rows, equal to those of the rows pooled.

    ``left_out`` is an (s, f) mask of what does not count.
    """
    counts = np.array([count for count, _, _ in answers])[:, None]
    sums, squares = (np.stack([answer[i] for answer in answers]) for i in (1, 2))
    if left_out is not None and left_out.any():
        counts, sums, squares = (np.where(left_out, 0.0, values) for values in (counts, sums, squares))
    count = counts.sum(axis=0)
    mean = sums.sum(axis=0) / count
    variance = squares.sum(axis=0) / count - mean**2
    scale = np.sqrt(np.maximum(variance, 0.0))
    scale[scale < 1e-6 * np.maximum(1.0, np.abs(mean))] = 1.0
    return mean.astype(np.float32), scale.astype(np.float32)
