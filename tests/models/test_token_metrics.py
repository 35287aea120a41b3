"""What answers cost is averaged over tokens, at each hospital too, and intervals draw whole answers."""

import numpy as np
import pytest

from models.token_metrics import row_losses, token_differences, token_intervals, token_metrics


def outputs(n: int, loss: float, seed: int = 0) -> np.ndarray:  # type: ignore[type-arg]
    random = np.random.default_rng(seed)
    tokens = random.integers(5, 60, n)
    return np.stack([tokens * (loss + random.normal(0, 0.2, n)), tokens], axis=1)


def test_loss_is_the_mean_over_tokens_and_perplexity_its_exponential() -> None:
    found = token_metrics(np.array([[2.0, 1], [6.0, 3]]), ["A", "B"])
    assert found == {"loss": 2.0, "perplexity": pytest.approx(np.exp(2.0)), "loss at A": 2.0, "loss at B": 2.0}
    assert token_metrics(np.array([[2.0, 1], [0.0, 3]]))["loss"] == 0.5
    assert row_losses(np.array([[2.0, 1], [6.0, 3], [0.0, 0]])).tolist() == [2.0, 2.0, 0.0]


def test_intervals_hold_the_value_and_narrow_with_more_answers() -> None:
    few, many = token_intervals(outputs(20, 2.0))["loss"], token_intervals(outputs(2000, 2.0))["loss"]
    assert few.low < few.value < few.high and many.low < many.value < many.high
    assert many.high - many.low < (few.high - few.low) / 5
    assert abs(many.value - 2.0) < 0.02


def test_a_difference_on_the_same_answers_is_narrower_than_either() -> None:
    one = outputs(100, 2.0)
    other = one.copy()
    other[:, 0] *= 0.98
    difference = token_differences(other, one)["loss"]
    alone = token_intervals(one)["loss"]
    assert difference.low <= difference.value <= difference.high < 0
    assert difference.high - difference.low < (alone.high - alone.low) / 5
