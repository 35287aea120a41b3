"""Curves and tables of a model's behaviour say in words what they show."""

from components.behaviour_charts import calibration_sentence, roc_sentence, subgroup_table
from models.behaviour import Bin, Curve, Subgroup

CURVE = Curve("malignant", 40, 60, (0.1, 0.5, 0.9), (1.0, 0.9, 0.4), (0.3, 0.8, 1.0))


def test_the_roc_sentence_tells_the_point_at_half() -> None:
    sentence = roc_sentence((CURVE,))
    assert "finds 90% of 40" in sentence and "false alarm in 20% of 60" in sentence


def test_the_calibration_sentence_counts_the_bins_that_agree() -> None:
    bins = (Bin(10, 0.2, 0.3, 0.1, 0.6), Bin(10, 0.9, 0.5, 0.2, 0.8))
    assert "In 1 of 2 bins" in calibration_sentence(bins)


def test_a_subgroup_with_one_class_says_so() -> None:
    score = {"value": 0.8, "low": 0.7, "high": 0.9}
    lines = subgroup_table((Subgroup("Sex: male", 50, {"auc": score}), Subgroup("Sex: female", 12, {})))
    assert lines[0]["AUC (95 % interval)"] == "0.800 (0.700 to 0.900)"
    assert lines[1]["AUC (95 % interval)"] == "one class only"
