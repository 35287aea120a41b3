"""FLamby's heart disease: its rows, its split, and that rules learn on them."""

import numpy as np
import pytest

from benchmarks.flamby_heart import Site, accuracies, federated, hospitals, standardised
from data.public import DataMissing


@pytest.fixture(scope="module")
def rows() -> tuple[list[Site], list[Site]]:
    try:
        return standardised(*hospitals())
    except DataMissing as error:
        pytest.skip(str(error))


def test_the_split_has_the_sizes_of_flamby(rows: tuple[list[Site], list[Site]]) -> None:
    train, test = rows
    assert sum(len(site.y) for site in train) == 486
    assert [len(a.y) + len(b.y) for a, b in zip(train, test, strict=True)] == [303, 261, 46, 130]
    assert train[0].x.shape[1] == 13 + 1  # and the intercept


def test_training_is_the_same_for_the_same_seed_and_beats_guessing(rows: tuple[list[Site], list[Site]]) -> None:
    train, test = rows
    first, again = (federated(train, None, 0.01, 0.0, 3) for _ in range(2))
    assert np.array_equal(first, again)
    assert accuracies(test, first)[-1] > 0.7
