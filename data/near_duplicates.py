"""Texts that are nearly the same, found without comparing every pair.

MinHash (Broder 1997, https://doi.org/10.1109/SEQUEN.1997.666900) over runs of five words: of two texts, the share of
equal minima is about the share of runs that they have in common. Texts with an equal band of minima are compared.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ALIKE = 0.8  # share of runs in common (Jaccard) from which two texts count as one
_RUN = 5  # words
_BANDS, _MINIMA = 16, 4  # finds 99.98 % of pairs that are just alike
_SEED = 0

Runs = NDArray[np.uint64]
_WORD = re.compile(r"[^\W_]+")


def nearly_the_same(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs (i, j), i < j, of texts that are alike, equal ones among them."""
    runs = [_runs(text) for text in texts]
    buckets: defaultdict[tuple[int, bytes], list[int]] = defaultdict(list)
    for index, own in enumerate(runs):
        for band, mark in enumerate(_minima(own).reshape(_BANDS, _MINIMA)):
            buckets[band, mark.tobytes()].append(index)
    pairs = {(i, j) for same in buckets.values() if len(same) > 1 for i, j in _neighbours(same)}
    return sorted((i, j) for i, j in pairs if _alike(runs[i], runs[j]))


def first_of_each(texts: Sequence[str]) -> list[int]:
    """Return the indices of the texts without those that are nearly the same as an earlier one that is kept."""
    earlier: defaultdict[int, list[int]] = defaultdict(list)
    for i, j in nearly_the_same(texts):
        earlier[j].append(i)
    dropped: set[int] = set()
    for index in range(len(texts)):
        if any(other not in dropped for other in earlier[index]):
            dropped.add(index)
    return [index for index in range(len(texts)) if index not in dropped]


def _neighbours(same: Sequence[int]) -> list[tuple[int, int]]:
    return [(i, j) for place, i in enumerate(same) for j in same[place + 1 :]]


def _alike(one: Runs, other: Runs) -> bool:
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common >= ALIKE * (len(one) + len(other) - common)


def _runs(text: str) -> Runs:
    """Return a number for each run of words of a text, each once, ascending."""
    words = _WORD.findall(text.lower())
    numbers = np.array([_number(word) for word in words] or [0], dtype=np.uint64)
    if len(numbers) < _RUN:
        numbers = np.pad(numbers, (0, _RUN - len(numbers)))
    windows = np.lib.stride_tricks.sliding_window_view(numbers, _RUN)
    return np.unique((windows * _WEIGHTS).sum(axis=1, dtype=np.uint64))


_KNOWN: dict[str, int] = {}


def _number(word: str) -> int:
    if word not in _KNOWN:
        _KNOWN[word] = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
    return _KNOWN[word]


def _odd(count: int, seed: int) -> Runs:
    return np.random.default_rng(seed).integers(2**63, size=count, dtype=np.uint64) | np.uint64(1)


_WEIGHTS = _odd(_RUN, _SEED)
_FACTORS, _MASKS = _odd(_BANDS * _MINIMA, _SEED + 1), _odd(_BANDS * _MINIMA, _SEED + 2)


def _minima(runs: Runs) -> Runs:
    found: Runs = ((runs[:, None] ^ _MASKS) * _FACTORS >> np.uint64(11)).min(axis=0)
    return found
