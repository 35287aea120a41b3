"""Intervals on few rows hold the true value about as often as they say."""

import math

import numpy as np
import pytest
from scipy import stats

from models.few_rows import FEWEST_CHANGES, FEWEST_LOSSES, change_of_share, mean, share

RANDOM = np.random.default_rng


def test_wilsons_interval_is_the_published_one() -> None:
    for hits, n in ((0, 3), (2, 3), (81, 263), (148, 148)):
        ours, theirs = share(hits, n), stats.binomtest(hits, n).proportion_ci(method="wilson")
        assert (ours.value, ours.low, ours.high) == pytest.approx((hits / n, theirs.low, theirs.high), abs=1e-12)
    assert share(81, 263).low == pytest.approx(0.2553, abs=5e-5)  # Newcombe 1998, table I
    assert share(148, 148).low == pytest.approx(0.9747, abs=5e-5)


def test_nothing_gained_and_nothing_lost_on_few_rows_is_no_proof_that_nothing_changes() -> None:
    few, many = change_of_share(0, 0, 3), change_of_share(0, 0, 300)
    assert (few.value, many.value) == (0.0, 0.0)
    assert few.high == -few.low > 0.4 and many.high < 0.02
    assert change_of_share(3, 0, 3).value == 1.0 == change_of_share(3, 0, 3).high


def held(low: np.ndarray, high: np.ndarray, truth: float) -> float:
    return float(((low <= truth) & (truth <= high)).mean())


@pytest.mark.parametrize("n", [3, 8, 20])
def test_changes_of_accuracy_are_held_in_95_of_100_samples(n: int) -> None:
    drawn = RANDOM(n).multinomial(n, [0.25, 0.1, 0.65], size=3000)
    ends = np.array([(one.low, one.high) for one in (change_of_share(up, down, n) for up, down, _ in drawn.tolist())])
    assert held(*ends.T, 0.15) >= 0.94


def samples(n: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Log losses of a model and what a further trained one adds to them, of rows whose chances are not sure."""
    random = RANDOM(7)
    truth = random.normal(0, 2, (count, n))
    ill = random.random((count, n)) < 1 / (1 + np.exp(-truth))

    def loss(logits: np.ndarray) -> np.ndarray:
        return np.logaddexp(0, np.where(ill, -logits, logits))

    before = loss(truth + random.normal(0, 0.7, truth.shape))
    return before, loss(1.3 * truth + random.normal(0, 0.5, truth.shape)) - before


@pytest.mark.parametrize("n", [FEWEST_CHANGES, 8, 20])
def test_changes_of_the_log_loss_are_held_where_a_bootstrap_misses_them(n: int) -> None:
    truth = float(samples(500_000, 1)[1].mean())
    drawn = samples(n, 1000)[1]
    ours = [mean(values, FEWEST_CHANGES) for values in drawn]
    means = drawn @ RANDOM(1).multinomial(n, np.full(n, 1 / n), size=400).T / n
    bootstrap = held(*np.percentile(means, [2.5, 97.5], axis=1), truth)
    assert held(np.array([one.low for one in ours]), np.array([one.high for one in ours]), truth) >= 0.935
    assert bootstrap < 0.92


def test_below_the_fewest_rows_there_is_a_mean_and_no_interval() -> None:
    one = mean(np.arange(FEWEST_LOSSES - 1.0), FEWEST_LOSSES)
    assert one.value == 14.0 and math.isnan(one.low) and math.isnan(one.high)
    assert not math.isnan(mean(np.arange(FEWEST_LOSSES * 1.0), FEWEST_LOSSES).low)
    assert mean(np.array([0.0, 0.0, 9.0]), 3).low < 0.0 == mean(np.array([0.0, 0.0, 9.0]), 3, 0.0).low
