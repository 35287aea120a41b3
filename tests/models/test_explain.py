"""Contributions are Shapley values: they sum to the difference from a typical patient and know what a gap is."""

import numpy as np
import pytest

from data.table import Column, TableSchema
from models.explain.table import shapley, typical


def curved(x: np.ndarray) -> np.ndarray:
    """A function with interactions, over any number of columns."""
    return np.sin(x[:, 0]) * x[:, 1] + x[:, 2] ** 2 + 0.3 * x.sum(axis=1)


@pytest.mark.parametrize("d", [4, 13, 30])
def test_contributions_sum_to_the_difference_from_a_typical_patient(d: int, random: np.random.Generator) -> None:
    row, background = random.normal(size=(2, d)).astype(np.float32)
    found = shapley(curved, row, background)
    assert found.sum() == pytest.approx((curved(row[None]) - curved(background[None]))[0], abs=1e-5)


def test_two_columns_get_what_the_definition_says_and_the_same_every_time() -> None:
    row, background = np.array([2, 3], np.float32), np.array([1, 5], np.float32)

    found = shapley(lambda x: x[:, 0] * x[:, 1], row, background)

    alone = [2 * 5 - 1 * 5, 1 * 3 - 1 * 5]
    together = 2 * 3 - 1 * 5
    assert found == pytest.approx([(alone[0] + together - alone[1]) / 2, (alone[1] + together - alone[0]) / 2])
    assert (found == shapley(lambda x: x[:, 0] * x[:, 1], row, background)).all()


def test_columns_that_make_no_difference_get_nothing(random: np.random.Generator) -> None:
    row, background = random.normal(size=(2, 5)).astype(np.float32)
    found = shapley(lambda x: x[:, 1] * 2.0, row, background)
    assert found == pytest.approx([0, 2 * (row[1] - background[1]), 0, 0, 0], abs=1e-6)


def test_a_missing_value_is_explained_as_missing() -> None:
    found = shapley(lambda x: np.isnan(x[:, 0]).astype(float), np.array([np.nan, 1], np.float32), np.zeros(2, "f4"))
    assert found == pytest.approx([1.0, 0.0])


def test_a_typical_category_is_a_real_level() -> None:
    levels = Column("cp", "Chest pain", "", 1, 4, 1, "category", {1: "a", 2: "b", 4: "c"})
    schema = TableSchema((levels, Column("age", "Age", "years", 0, 100, 50)), "label")
    assert typical(schema, np.array([2.6, 51.5], np.float32)).tolist() == [2.0, 51.5]
