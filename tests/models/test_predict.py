"""An answer has words, a calibrated probability with interval, reasons that add up, and refuses what makes no sense."""

import json
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from models.explain.table import typical
from models.predict import EXPLAINED_ROWS, InputError, predict, predict_rows
from models.registry import get_task
from models.versions import NoChampion, VersionView, load_model, promote, register_shipped

Keep = Callable[..., VersionView]
VITALS = np.array([[75, 120, 78, 97]], np.float32)


def test_without_a_champion_there_is_a_sentence(home: object) -> None:
    with pytest.raises(NoChampion, match="Vital signs has no champion yet"):
        predict(get_task("vitals"), VITALS)


def test_the_shipped_champion_knows_healthy_from_unhealthy_vital_signs(home: object) -> None:
    register_shipped()
    well, ill = predict(get_task("vitals"), np.array([[75, 118, 74, 98], [112, 158, 98, 90]], np.float32))
    assert well.positive and well.probability > 0.9 and well.answer == "These vital signs look healthy."
    assert not ill.positive and ill.probability < 0.1 and ill.answer == "These vital signs do not look healthy."
    for answer in (well, ill):
        assert answer.low <= answer.probability <= answer.high
        assert answer.synthetic and any("generated rows" in warning for warning in answer.warnings)
        assert "not for clinical use" in answer.not_for_clinical_use
    json.dumps(asdict(well), allow_nan=False)


def test_a_model_that_learnt_from_some_generated_rows_says_how_many(keep: Keep) -> None:
    version = keep("breast_cancer", n_training=519, n_synthetic=120)
    task = get_task("breast_cancer")
    answer = predict(task, task.public().x[:1], version_id=version.id)[0]
    assert "120 of the 519 rows that trained the model were generated." in answer.warnings


@pytest.mark.parametrize("name", ["vitals", "breast_cancer", "heart_disease"])
def test_contributions_sum_to_the_difference_in_log_odds_from_a_typical_patient(
    name: str, home: object, datasets: object
) -> None:
    register_shipped()
    task = get_task(name)
    rows = task.public().x[:3]
    for row, answer in zip(rows, predict(task, rows), strict=True):
        model = load_model(answer.version_id)
        background = typical(task.schema, model.preparation.fill)
        there, here = model.calibration.log_odds(model.logits(np.stack([background, row])))
        assert sum(each.weight for each in answer.contributions) == pytest.approx(here - there, abs=1e-4)
        assert {each.column for each in answer.contributions} == set(task.schema.names)


def test_contributions_come_largest_first_and_name_what_was_missing(home: object) -> None:
    register_shipped()
    row = np.array([[54, 1, 4, 130, np.nan, 0, 0, 140, 0, 0.5, 2, np.nan, 3]], np.float32)
    answer = predict(get_task("heart_disease"), row)[0]
    weights = [abs(each.weight) for each in answer.contributions]
    assert weights == sorted(weights, reverse=True)
    by_column = {each.column: each for each in answer.contributions}
    assert by_column["chol"].value is None and by_column["trestbps"].value == 130
    assert any("Cholesterol, Major vessels" in warning for warning in answer.warnings)


def test_an_interval_across_the_operating_point_is_called_a_close_call(home: object) -> None:
    register_shipped()
    answers = predict(get_task("vitals"), get_task("vitals").public().x[:400], explain=False)
    close = [a for a in answers if any("Close call" in warning for warning in a.warnings)]
    assert close and all(a.low < 0.5 <= a.high for a in close)
    assert not any(a.contributions for a in answers)


def test_only_the_first_rows_of_many_are_explained(home: object) -> None:
    register_shipped()
    answers = predict(get_task("vitals"), np.repeat(VITALS, EXPLAINED_ROWS + 2, axis=0))
    assert [bool(a.contributions) for a in answers] == [True] * EXPLAINED_ROWS + [False] * 2


@pytest.mark.parametrize(
    ("name", "column", "value", "says"),
    [
        ("vitals", "spo2", 85, r"Row 1, column spo2: .* is 85; give a whole number from 90 to 100 %"),
        ("vitals", "spo2", 97.5, "whole number"),
        ("vitals", "heart_rate", np.nan, "is missing"),
        ("vitals", "heart_rate", np.inf, "is inf"),
        ("heart_disease", "thal", 5, r"thal: .* give 3 \(normal\), 6 \(fixed defect\)"),
    ],
)
def test_a_value_that_the_schema_does_not_allow_is_refused_by_name(
    name: str, column: str, value: float, says: str, home: object
) -> None:
    register_shipped()
    task = get_task(name)
    row = np.array([[each.typical for each in task.schema.columns]], np.float32)
    row[0, task.schema.names.index(column)] = value
    with pytest.raises(InputError, match=says):
        predict(task, row)


def test_a_row_of_the_wrong_width_is_refused(home: object) -> None:
    with pytest.raises(InputError, match="rows of 4 values"):
        predict(get_task("vitals"), np.ones((1, 3), np.float32))


def test_a_version_can_be_named_and_one_of_another_task_is_refused(keep: Keep) -> None:
    first, second, other = keep(seed=1), keep(seed=2), keep("breast_cancer")
    promote(first.id, reason="first", by=None)
    assert predict(get_task("vitals"), VITALS)[0].version == "version 1"
    assert predict(get_task("vitals"), VITALS, version_id=second.id)[0].sha256 == second.sha256
    with pytest.raises(InputError, match="answers breast_cancer"):
        predict(get_task("vitals"), VITALS, version_id=other.id)


def test_a_table_gets_the_same_answers_as_single_rows_and_keeps_its_other_columns(home: object) -> None:
    register_shipped()
    task = get_task("vitals")
    frame = pd.DataFrame(task.public().x[:30], columns=list(task.schema.names)).assign(patient=range(30))
    result = predict_rows(task, frame[["patient", *reversed(task.schema.names)]])
    single = predict(task, task.public().x[:30], explain=False)
    assert result["probability"].tolist() == pytest.approx([each.probability for each in single])
    assert result["answer"].tolist() == [each.answer for each in single]
    assert result["low"].tolist() == pytest.approx([each.low for each in single])
    assert result["patient"].tolist() == list(range(30))


def test_a_table_without_a_column_or_with_words_is_refused_and_an_empty_one_stays_empty(home: object) -> None:
    register_shipped()
    task = get_task("vitals")
    frame = pd.DataFrame(VITALS, columns=list(task.schema.names))
    with pytest.raises(InputError, match="spo2"):
        predict_rows(task, frame.drop(columns="spo2"))
    with pytest.raises(InputError, match="number"):
        predict_rows(task, frame.astype(object).replace(97.0, "high"))
    assert len(predict_rows(task, frame.iloc[:0])) == 0 and predict(task, VITALS[:0]) == []
