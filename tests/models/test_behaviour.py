"""What is told of a model on held-out rows is what counting gives."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from data.table import Dataset
from models.behaviour import Behaviour, behaviour, behaviour_of
from models.registry import get_task
from models.versions import VersionView, load_model


@pytest.fixture
def found(keep: Callable[..., VersionView], datasets: object) -> tuple[Behaviour, np.ndarray, Dataset]:
    from models.comparison import heldout_rows

    model = load_model(keep("heart_disease").id)
    rows = heldout_rows(model.task)
    return behaviour(model, rows), model.probability(rows.x), rows


def test_a_point_of_the_curve_is_what_counting_gives(found: tuple[Behaviour, np.ndarray, Dataset]) -> None:
    curve = found[0].curves[0]
    chances, y = found[1], found[2].y
    for threshold in (0.05, 0.5, 0.9):
        called = chances >= threshold
        assert curve.at(threshold) == pytest.approx((called[y == 1].mean(), (~called)[y == 0].mean()), abs=0.02)
    assert curve.at(0.0) == (1.0, 0.0) and curve.at(1.0) == (0.0, 1.0)


def test_bins_hold_every_row_and_their_interval_holds_their_frequency(
    found: tuple[Behaviour, np.ndarray, Dataset],
) -> None:
    bins = found[0].bins
    assert sum(each.n for each in bins) == len(found[2])
    assert all(each.low <= each.frequency <= each.high for each in bins)


def test_subgroups_are_sex_thirds_of_age_and_hospitals(found: tuple[Behaviour, np.ndarray, Dataset]) -> None:
    names = [each.name for each in found[0].subgroups]
    assert {"Sex: female", "Sex: male", "Cleveland", "Long Beach"} <= set(names)
    assert sum(name.startswith("Age") for name in names) == 3
    assert sum(each.n for each in found[0].subgroups if each.name.startswith("Sex")) == len(found[2])


def test_it_is_the_same_after_a_manifest(found: tuple[Behaviour, np.ndarray, Dataset]) -> None:
    assert Behaviour.from_json(json.loads(json.dumps(found[0].to_json(), allow_nan=False))) == found[0]


def test_a_version_without_it_in_the_manifest_is_measured(keep: Callable[..., VersionView]) -> None:
    told = behaviour_of(keep("breast_cancer").id)
    assert told is not None and told.n == 113


def test_without_public_data_nothing_is_told(keep: Callable[..., VersionView], monkeypatch: pytest.MonkeyPatch) -> None:
    from data.public import DataMissing

    version = keep("vitals", seed=3)

    def missing(self: object) -> Dataset:
        raise DataMissing("not here")

    monkeypatch.setattr(type(get_task("vitals")), "public", missing)
    assert behaviour_of(version.id) is None
