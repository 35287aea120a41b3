"""A model does not answer about rows far from those it learned from, and answers about real ones."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from models.comparison import heldout_rows
from models.familiarity import FAR, Familiarity, measured
from models.predict import NO_ANSWER, predict, predict_rows
from models.registry import get_task, task_names
from models.versions import VersionView, load_model


@pytest.fixture(autouse=True)
def _data(home: object, datasets: object) -> None:
    """heart_disease and diabetes need their files."""


TABLES = [name for name in task_names() if get_task(name).modality == "table"]


@pytest.mark.parametrize("name", TABLES)
def test_at_most_five_in_a_hundred_real_rows_are_refused(name: str, keep: Callable[..., VersionView]) -> None:
    model = load_model(keep(name).id)
    known = measured(model)
    assert known is not None
    assert (known.distances(model, heldout_rows(model.task).x) > FAR).mean() <= 0.05


def test_nonsense_within_the_allowed_ranges_is_refused(keep: Callable[..., VersionView]) -> None:
    model = load_model(keep("breast_cancer").id)
    columns = model.task.schema.columns
    low, high = (np.array([getattr(column, end) for column in columns]) for end in ("low", "high"))
    nonsense = (low + (high - low) * np.random.default_rng(0).random((200, len(columns)))).astype(np.float32)
    known = measured(model)
    assert known is not None and (known.distances(model, nonsense) > FAR).mean() >= 0.95


def test_a_refused_row_gets_a_sentence_that_names_what_stands_out_and_no_answer(
    keep: Callable[..., VersionView],
) -> None:
    from models.versions import promote

    version = keep("breast_cancer")
    promote(version.id, reason="test", by=None)
    task = get_task("breast_cancer")
    row = np.array([[column.high for column in task.schema.columns]], dtype=np.float32)
    refused, real = predict(task, np.concatenate([row, heldout_rows(task).x[:1]]))
    assert refused.answer == NO_ANSWER and "unlike those it learned from" in refused.refused
    assert refused.contributions == () and any(c.title in refused.refused for c in task.schema.columns)
    assert real.refused == "" and real.answer != NO_ANSWER


def test_a_table_of_answers_says_which_rows_are_refused(keep: Callable[..., VersionView]) -> None:
    import pandas as pd

    version, task = keep("breast_cancer"), get_task("breast_cancer")
    row = [column.high for column in task.schema.columns]
    frame = pd.DataFrame([row, heldout_rows(task).x[0]], columns=list(task.schema.names))
    table = predict_rows(task, frame, version_id=version.id)
    assert table["answer"][0] == NO_ANSWER and table["unusual"][0] == "refused"
    assert table["answer"][1] != NO_ANSWER
    assert table[["probability", "low", "high"]].isna().to_numpy().tolist() == [[True] * 3, [False] * 3]


def test_it_is_the_same_after_a_manifest(keep: Callable[..., VersionView]) -> None:
    model = load_model(keep("vitals").id)
    known = measured(model)
    assert known is not None
    again = Familiarity.from_json(json.loads(json.dumps(known.to_json(), allow_nan=False)))
    rows = heldout_rows(model.task).x
    assert again.distances(model, rows) == pytest.approx(known.distances(model, rows), rel=1e-3)
