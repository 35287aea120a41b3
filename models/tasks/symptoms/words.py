"""Which words and pairs of words a text holds, as a fixed count of numbers: each is hashed to one of them."""

from collections.abc import Sequence

import numpy as np

from data.table import FloatArray

WORDS = 1024


def hashed(texts: Sequence[str]) -> FloatArray:
    """Return (n, WORDS) signed counts, each row of length 1; nothing is learnt, so sites need not agree on words."""
    from sklearn.feature_extraction.text import HashingVectorizer

    counts = HashingVectorizer(n_features=WORDS, ngram_range=(1, 2)).transform(texts)
    return np.asarray(counts.toarray(), dtype=np.float32)
