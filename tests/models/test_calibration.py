"""A calibrated probability rises with the logit, means what it says, and stays within its interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration import Calibration, sigmoid
from models.metrics import binary_metrics


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 80), direction=st.sampled_from([-3.0, 0.0, 0.1, 3.0, 40.0]))
def test_a_higher_logit_never_gives_a_lower_probability(seed: int, n: int, direction: float) -> None:
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, n)
    calibration = Calibration.fit(direction * (2 * y - 1) + random.normal(size=n), y, resamples=20)
    grid = np.linspace(-30, 30, 200)
    p = calibration.probability(grid)
    low, high = calibration.interval(grid)
    assert (np.diff(p) >= 0).all()
    assert (low <= p).all() and (p <= high).all() and (low >= 0).all() and (high <= 1).all()


def test_overconfident_logits_are_brought_back_to_what_really_happens() -> None:
    random = np.random.default_rng(0)
    true_logit = random.normal(scale=1.5, size=4000)
    y = (random.random(4000) < sigmoid(true_logit)).astype(int)
    calibration = Calibration.fit(4 * true_logit + 2, y)
    assert calibration.slope == pytest.approx(0.25, abs=0.02)
    assert calibration.intercept == pytest.approx(-0.5, abs=0.08)
    assert binary_metrics(y, calibration.probability(4 * true_logit + 2))["ece"] < 0.03


def test_it_agrees_with_an_unpenalised_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(1)
    logit = random.normal(size=3000)
    y = (random.random(3000) < sigmoid(2 * logit - 1)).astype(int)
    fitted = LogisticRegression(C=1e9).fit(logit[:, None], y)
    calibration = Calibration.fit(logit, y, resamples=1)
    assert calibration.slope == pytest.approx(fitted.coef_[0, 0], rel=0.01)
    assert calibration.intercept == pytest.approx(fitted.intercept_[0], rel=0.01)


def test_perfectly_separated_rows_give_no_certainty() -> None:
    y = np.repeat([0, 1], 25)
    calibration = Calibration.fit(np.where(y == 1, 8.0, -8.0), y)
    low, high = calibration.interval([-8.0, 8.0])
    assert high[1] < 0.999 and low[0] > 0.001


def test_fewer_calibration_rows_give_a_wider_interval() -> None:
    random = np.random.default_rng(2)
    logit = random.normal(scale=2, size=2000)
    y = (random.random(2000) < sigmoid(logit)).astype(int)
    widths = [np.diff(Calibration.fit(logit[:n], y[:n]).interval([1.0]), axis=0).item() for n in (40, 2000)]
    assert widths[0] > 3 * widths[1]


def test_the_interval_holds_the_true_probability_most_of_the_time() -> None:
    held = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        logit = random.normal(scale=2, size=150)
        y = (random.random(150) < sigmoid(0.7 * logit - 0.3)).astype(int)
        low, high = Calibration.fit(logit, y, seed=seed).interval([1.0])
        held += low[0] <= sigmoid(0.4) <= high[0]
    assert held >= 51


def test_logits_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        Calibration.fit([0.0, np.inf], [0, 1])
