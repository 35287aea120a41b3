"""How like two texts are: ROUGE-L of words, and the angle between sentence vectors. Neither says what is true.

ROUGE-L: Lin 2004, https://aclanthology.org/W04-1013. F1 of the longest common subsequence.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.metrics import Interval

Array = NDArray[np.float64]
_WORD = re.compile(r"[^\W_]+")


def rouge_l(said: str, wanted: str) -> float:
    """Return ROUGE-L, 0 to 1."""
    one, other = (_WORD.findall(text.lower()) for text in (said, wanted))
    if not one or not other:
        return 0.0
    common = _longest_common(one, other)
    return 2 * common / (len(one) + len(other))


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    row = np.zeros(len(other) + 1, dtype=np.int64)
    words = np.array(other, dtype=object)
    for word in one:
        grown = np.where(words == word, row[:-1] + 1, row[1:])
        row[1:] = np.maximum.accumulate(grown)
    return int(row[-1])


def similarity(said: Sequence[str], wanted: Sequence[str]) -> Array:
    """Return the (n,) cosines between the sentence vectors of pairs of texts."""
    from rag import embedding

    one, other = embedding.embed(said), embedding.embed(wanted)
    cosines: Array = (one * other).sum(axis=1).astype(np.float64)
    return cosines


def mean_interval(values: Array, resamples: int = 1000, seed: int = 0) -> Interval:
    """Return the mean of (n,) values with its 95 % bootstrap interval."""
    n = len(values)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples) @ values / n
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))
