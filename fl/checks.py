"""What a site's answer must be to count, and the sentence for one that does not.

An update that holds NaN, or rests on no rows, would spoil the average without a word; so it never reaches the strategy.
"""

import math
import traceback
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.public import DataMissing
from data.table import FloatArray
from data.vault import VaultError
from fl.request import RequestError

LARGEST_RATIO = 100  # of an update's size to the median site's
REMEMBERED = 20  # rounds for which a site's updates are known again
STILL = 1e-5  # part of the weights' size; training that moves less may give the same numbers twice


def refusal(weights: NDArray[np.generic] | None, size: int, num_examples: object, samples: int) -> str | None:
    """Return why an update does not count, or None when it does.

    Parameters
    ----------
    weights : what came as weights; None when nothing did.
    size : number of weights of the global model.
    num_examples : how many rows the site says it trained on.
    samples : how many rows the site is known to have.
    """
    if weights is None:
        return "it sent no weights"
    if weights.shape != (size,):
        return f"its weights have shape {weights.shape} instead of ({size},)"
    if weights.dtype != np.float32:
        return f"its weights are {weights.dtype} instead of float32"
    if not np.isfinite(weights).all():
        return "its weights hold NaN" if np.isnan(weights).any() else "its weights hold infinite values"
    if isinstance(num_examples, bool) or not isinstance(num_examples, int):
        return f"num-examples is {num_examples!r} instead of a whole number"
    if num_examples < 1:
        return f"num-examples is {num_examples}: an update must rest on at least one row"
    if num_examples > samples:
        return f"num-examples is {num_examples}, but the site has {samples} rows"
    return None


def norms_too_large(norms: Mapping[int, float]) -> dict[int, str]:
    """Return why some updates of a round are too large to be results of training.

    Honest updates of unlike sites differ by some ten times, for they take more or fewer steps; a factor of a hundred
    over the median site is an error or an attack. With two sites the smaller one is the measure.

    Parameters
    ----------
    norms : position → Euclidean distance of a site's weights from the global ones.
    """
    if len(norms) < 2:
        return {}
    usual = sorted(norms.values())[(len(norms) - 1) // 2]
    return {
        position: f"its update is {_times(norm / usual)} as large as the median site's; {LARGEST_RATIO} is the limit"
        for position, norm in norms.items()
        if usual > 0 and norm > LARGEST_RATIO * usual
    }


def _times(ratio: float) -> str:
    return f"{ratio:.0f} times" if ratio < 1e6 else "over a million times"


class Earlier:
    """Remembers the updates of each site over the last rounds, to know one that is sent again.

    Parameters
    ----------
    sites : how many there are.
    marks : (sites, REMEMBERED) fingerprints, as an earlier process left them; 0 where there is none.
    """

    def __init__(self, sites: int, marks: NDArray[np.uint64] | None = None) -> None:
        self.marks = np.zeros((sites, REMEMBERED), dtype=np.uint64) if marks is None else marks.copy()

    def remember(self, round: int, positions: Sequence[int], marks: Sequence[int]) -> None:
        """Keep in mind the updates that counted in a round."""
        self.marks[list(positions), round % REMEMBERED] = np.array(marks, dtype=np.uint64)

    def known(self, positions: Sequence[int], marks: Sequence[int]) -> list[bool]:
        """Return for each site whether the update is one of its earlier ones."""
        found = self.marks[list(positions)] == np.array(marks, dtype=np.uint64)[:, None]
        return found.any(axis=1).tolist()  # type: ignore[no-any-return]


def fingerprints(weights: FloatArray) -> list[int]:
    """Return a 64-bit number for each of (s, p) weights, the same only for the same bits."""
    bits = np.ascontiguousarray(weights).view(np.uint32).astype(np.uint64)
    sums = (bits * _factors(weights.shape[1])).sum(axis=1, dtype=np.uint64)
    found: list[int] = (sums + np.uint64(1)).tolist()  # zero weights are not "none"
    return found


@lru_cache(maxsize=4)
def _factors(count: int) -> NDArray[np.uint64]:
    return np.random.default_rng(0).integers(2**63, size=count, dtype=np.uint64) | np.uint64(1)


def unusable_numbers(arrays: Mapping[str, NDArray[np.generic]]) -> str | None:
    """Return why an answer with plain numbers (medians, sums) does not count, or None when it does."""
    for name, values in arrays.items():
        if not np.issubdtype(values.dtype, np.floating) or not np.isfinite(values).all():
            return f"its {name} hold values that are not finite numbers"
    return None


def failure_reason(error: BaseException) -> str:
    """Return one sentence about an exception at a site that gives away no row.

    Messages of MedHive's own exceptions are made for people. Those of others may quote data, so only their kind and
    place are told.
    """
    if isinstance(error, VaultError | DataMissing | RequestError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"its computation failed with {type(error).__name__}{place}"


def needed(quorum: float, sites: int) -> int:
    """Return how many of ``sites`` must answer for a round to count; at least 1."""
    return max(1, math.ceil(quorum * sites - 1e-9))
