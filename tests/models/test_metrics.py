"""Scores agree with scikit-learn, and intervals hold what they promise."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from models.metrics import METRICS, Interval, binary_metrics, paired_differences, with_intervals


def rows(n: int, seed: int, shift: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = (random.random(n) < 0.4).astype(int)
    y[:2] = 0, 1
    return y, np.round(1 / (1 + np.exp(-random.normal(shift * (2 * y - 1)))), 2)  # rounded, so that there are ties


@settings(max_examples=30, deadline=None)
@given(n=st.integers(5, 200), seed=st.integers(0, 10_000), threshold=st.sampled_from([0.2, 0.5, 0.9]))
def test_scores_equal_those_of_scikit_learn(n: int, seed: int, threshold: float) -> None:
    y, p = rows(n, seed)
    mine = binary_metrics(y, p, threshold)
    called = p >= threshold
    assert mine["auc"] == pytest.approx(reference.roc_auc_score(y, p))
    assert mine["accuracy"] == pytest.approx(reference.accuracy_score(y, called))
    assert mine["sensitivity"] == pytest.approx(reference.recall_score(y, called, zero_division=0))
    assert mine["specificity"] == pytest.approx(reference.recall_score(1 - y, ~called, zero_division=0))
    assert mine["loss"] == pytest.approx(reference.log_loss(y, np.clip(p, 1e-7, 1 - 1e-7)))


def test_calibration_error_is_the_mean_gap_over_fifteen_bins() -> None:
    y = np.array([1, 0, 1, 1])
    p = np.array([0.01, 0.02, 0.99, 1.0])
    assert binary_metrics(y, p)["ece"] == pytest.approx((abs(0.03 - 1) + abs(1.99 - 2)) / 4)


def test_all_keys_are_there_and_auc_is_undefined_with_one_class() -> None:
    scores = binary_metrics([1, 1], [0.2, 0.9])
    assert tuple(scores) == METRICS
    assert np.isnan(scores["auc"]) and np.isnan(scores["specificity"])
    assert with_intervals([1, 1], [0.2, 0.9])["auc"].as_json() == {"value": None, "low": None, "high": None}


@pytest.mark.slow
def test_the_interval_holds_the_true_auc_about_95_times_in_100() -> None:
    truth = 0.7602499  # of two normal distributions one standard deviation apart: Φ(1/√2)
    held = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        y = np.repeat([0, 1], 60)
        p = 1 / (1 + np.exp(-random.normal(y)))
        interval = with_intervals(y, p, resamples=300, seed=seed)["auc"]
        held += interval.low <= truth <= interval.high
    assert 180 <= held <= 198


def test_every_interval_holds_its_value_and_the_same_seed_gives_the_same_one() -> None:
    y, p = rows(300, 3)
    first, second = with_intervals(y, p, seed=5), with_intervals(y, p, seed=5)
    assert first == second
    assert all(score.low <= score.value <= score.high for score in first.values())


def test_intervals_of_many_rows_are_drawn_in_blocks_with_the_same_meaning() -> None:
    y, p = rows(30_000, 4)
    auc = with_intervals(y, p, resamples=200)["auc"]
    assert auc.low < auc.value < auc.high and auc.high - auc.low < 0.02


def test_a_better_model_differs_clearly_and_a_model_does_not_differ_from_itself() -> None:
    y, p = rows(400, 6, shift=2.0)
    noise = np.random.default_rng(0).random(400)
    assert paired_differences(y, p, noise)["auc"].low > 0
    assert paired_differences(y, p, p)["loss"] == Interval(0.0, 0.0, 0.0)


def test_an_interval_survives_json() -> None:
    interval = Interval(0.0, float("nan"), 1.0)
    again = Interval.from_json(json.loads(json.dumps(interval.as_json(), allow_nan=False)))
    assert again.value == 0.0 and np.isnan(again.low) and again.high == 1.0


@pytest.mark.parametrize(
    ("y", "p"), [([0, 1], [0.5]), ([], []), ([0, 2], [0.1, 0.2]), ([0, 1], [0.1, 1.2]), ([0, 1], [np.nan, 0.2])]
)
def test_rows_that_make_no_sense_are_refused(y: list[int], p: list[float]) -> None:
    with pytest.raises(ValueError, match="must"):
        binary_metrics(y, p)
