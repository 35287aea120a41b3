"""Metrics and calibration of three and more classes, against scikit-learn and against what really happens."""

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from models.class_calibration import ClassCalibration, fit_calibration, softmax
from models.class_metrics import confusion
from models.metrics import metrics_of_each, of_classes, paired_differences, point_metrics, with_intervals


def drawn(n: int, k: int, seed: int, strength: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    logits = random.normal(size=(n, k)) * strength
    y = (softmax(logits).cumsum(axis=1) < random.random((n, 1))).sum(axis=1).clip(0, k - 1)
    return logits, y


@settings(max_examples=20, deadline=None)
@given(k=st.integers(3, 6), seed=st.integers(0, 1000))
def test_metrics_of_many_classes_are_those_of_scikit_learn(k: int, seed: int) -> None:
    logits, y = drawn(200, k, seed)
    p = softmax(logits)
    y[:k] = range(k)
    mine = point_metrics(y, p)
    assert mine["auc"] == pytest.approx(reference.roc_auc_score(y, p, multi_class="ovr"))
    assert mine["f1"] == pytest.approx(reference.f1_score(y, p.argmax(axis=1), average="macro"))
    assert mine["accuracy"] == pytest.approx(reference.accuracy_score(y, p.argmax(axis=1)))
    assert mine["loss"] == pytest.approx(reference.log_loss(y, p), abs=1e-6)
    assert (confusion(y, p) == reference.confusion_matrix(y, p.argmax(axis=1))).all()
    each = of_classes(y, p, resamples=20)
    assert [one["sensitivity"].value for one in each] == pytest.approx(
        reference.recall_score(y, p.argmax(axis=1), average=None)
    )
    assert metrics_of_each(y, np.stack([p, p]))[1] == pytest.approx(mine)


def test_intervals_hold_the_value_and_a_better_model_is_seen_to_be_better() -> None:
    logits, y = drawn(400, 4, 1)
    scores = with_intervals(y, softmax(logits), resamples=200)
    assert all(score.low <= score.value <= score.high for score in scores.values())
    worse = softmax(logits + np.random.default_rng(2).normal(size=logits.shape) * 3)
    assert paired_differences(y, softmax(logits), worse, resamples=200)["f1"].low > 0


def test_a_class_that_is_not_there_leaves_the_others_scored() -> None:
    p = softmax(np.eye(3)[[0, 0, 1, 1]] * 3)
    scores = point_metrics([0, 0, 1, 1], p)
    assert scores["auc"] == scores["accuracy"] == scores["f1"] == 1.0


@pytest.mark.parametrize("wrong", [[0, 3], [0, -1], [0, 0.5]])
def test_labels_that_are_no_classes_are_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="0 to 2"):
        point_metrics(wrong, np.full((2, 3), 1 / 3))


def test_overconfident_and_shifted_logits_are_brought_back_to_what_really_happens() -> None:
    true, y = drawn(3000, 4, 3)
    given_logits = 3 * true + np.array([2.0, 0, 0, -1])
    calibration = ClassCalibration.fit(given_logits, y, resamples=20)
    assert 1 / calibration.slope == pytest.approx(3, rel=0.15)
    assert point_metrics(y, calibration.probability(given_logits))["ece"] < 0.03
    low, high = calibration.interval(given_logits)
    assert (low <= calibration.probability(given_logits)).all() and (high <= 1).all() and (low < high).any()


def test_a_calibration_on_one_sided_or_separable_rows_exists_and_ranks_as_before() -> None:
    logits = np.eye(3)[[0, 1, 0, 1, 0]] * 9
    calibration = fit_calibration(logits, [0, 1, 0, 1, 0])
    assert isinstance(calibration, ClassCalibration) and np.isfinite(calibration.intercepts).all()
    assert calibration.probability(logits).argmax(axis=1).tolist() == [0, 1, 0, 1, 0]


def test_the_same_rows_give_the_same_calibration() -> None:
    logits, y = drawn(60, 3, 5)
    one, other = ClassCalibration.fit(logits, y), ClassCalibration.fit(logits, y)
    assert (one.slopes == other.slopes).all() and (one.intercepts == other.intercepts).all()


def test_where_calibration_rows_lack_a_class_it_is_not_ruled_out() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 400)
    logits = random.normal(size=(400, 3)) + 2 * np.eye(3)[y]
    found = ClassCalibration.fit(logits, y, resamples=5)
    assert np.abs(found.intercept).max() < 1e-6 and found.slope > 0.5
    assert found.probability([[0.0, 0.0, 6.0]]).argmax() == 2
