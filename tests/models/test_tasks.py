"""Every task keeps the contract: readable columns, real rows that pass its own ranges, a network that fits."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from models.predict import check_rows
from models.registry import UnknownTask, get_task, task_names, tasks
from settings import ROOT

NAMES = task_names()
PICTURES = [name for name in NAMES if get_task(name).pictures is not None]
TABLES = [name for name in NAMES if get_task(name).modality == "table"]


@pytest.fixture(autouse=True)
def _data(home: object, datasets: object) -> None:
    """All tasks need an installation; heart_disease needs its files."""


def test_the_three_tasks_are_found_in_order() -> None:
    assert {"breast_cancer", "heart_disease", "vitals"} <= set(NAMES)
    assert list(tasks()) == sorted(NAMES)


def test_an_unknown_task_is_named_beside_the_known_ones() -> None:
    with pytest.raises(UnknownTask, match=r"'vitels'.*breast_cancer, .*heart_disease, .*vitals"):
        get_task("vitels")


def test_listing_tasks_does_not_import_torch() -> None:
    code = "import sys; from models.registry import tasks; tasks(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_folder_is_alike(name: str) -> None:
    files = {path.name for path in get_task(name).folder.iterdir()}
    shipped = {"weights.safetensors", "manifest.json"}
    assert {"task.py", "network.py", "card.md"} | shipped <= files
    assert "## Figures" in get_task(name).card and "not for clinical use" in get_task(name).card


@pytest.mark.parametrize("name", TABLES)
def test_every_public_row_passes_the_ranges_of_its_schema(name: str) -> None:
    public = get_task(name).public()
    check_rows(get_task(name), public.x)
    assert set(np.unique(public.y)) == {0, 1}


@pytest.mark.parametrize("name", TABLES)
def test_columns_can_be_read_by_people(name: str) -> None:
    columns = get_task(name).schema.columns
    assert len({column.name for column in columns}) == len({column.title for column in columns}) == len(columns)
    for column in columns:
        assert column.low <= column.typical <= column.high
        assert column.title[0].isupper() and not column.title.endswith(".")
        assert (column.kind == "category") == bool(column.levels)
        assert all(column.low <= level <= column.high for level in column.levels)
        assert not column.levels or column.typical in column.levels
        assert not column.help or column.help.endswith(".")


@pytest.mark.parametrize("name", TABLES)
def test_generated_rows_are_marked_valid_and_the_same_for_the_same_seed(name: str) -> None:
    task = get_task(name)
    first, again, other = task.generate(300, 4), task.generate(300, 4), task.generate(300, 5)
    check_rows(task, first.x)
    assert first.synthetic and set(np.unique(first.y)) == {0, 1}
    assert first.fingerprint == again.fingerprint != other.fingerprint


@pytest.mark.parametrize("name", TABLES)
def test_a_generated_row_is_no_copy_of_a_public_one(name: str) -> None:
    task = get_task(name)
    if not task.synthetic_only:
        assert not set(task.generate(200).row_hashes) & set(task.public().row_hashes)


@pytest.mark.parametrize("name", TABLES)
def test_the_network_takes_the_features_and_gives_one_logit(name: str) -> None:
    task = get_task(name)
    x = task.public().x[:7]
    features = task.features(x, np.nan_to_num(x))
    assert np.isfinite(features).all() and features.dtype == np.float32
    assert task.network()(torch.from_numpy(features)).shape == (7, 1)


def test_healthy_vital_signs_are_called_healthy_and_labels_are_unsure_only_near_the_limits() -> None:
    public = get_task("vitals").public()
    heart_rate, systolic, diastolic, spo2 = public.x.T
    well = (heart_rate > 66) & (heart_rate < 94) & (systolic < 128) & (diastolic < 82) & (spo2 >= 97)
    ill = (spo2 <= 92) | (systolic > 152) | (heart_rate > 110)
    assert public.y[well].mean() > 0.97
    assert public.y[ill].mean() < 0.02
    assert public.synthetic


def test_every_natural_site_of_heart_disease_is_a_hospital_with_its_known_rows() -> None:
    public = get_task("heart_disease").public()
    assert public.natural_sites is not None
    names = list(dict.fromkeys(public.natural_sites))
    assert sorted(public.natural_sites.count(name) for name in names) == [123, 200, 294, 303]
    assert public.y.sum() == 920 - (164 + 188 + 8 + 51)


def test_a_cholesterol_or_blood_pressure_of_zero_counts_as_missing() -> None:
    task = get_task("heart_disease")
    names = task.schema.names
    missing = dict(zip(names, np.isnan(task.public().x).sum(axis=0), strict=True))
    assert missing["chol"] == 30 + 172 and missing["trestbps"] == 59 + 1
    assert missing["ca"] == 611 and missing["age"] == 0


def test_missing_categories_set_no_level_and_raise_a_flag() -> None:
    task = get_task("heart_disease")
    x = np.array([[54, 1, 4, 130, 225, 0, np.nan, 140, 0, 0.5, np.nan, np.nan, np.nan]], np.float32)
    numbers, levels, flags = np.split(task.features(x, np.nan_to_num(x, nan=2.0))[0], [9, 22])
    assert numbers.tolist() == [54, 1, 130, 225, 0, 140, 0, 0.5, 2]
    assert levels.tolist() == [0, 0, 0, 1] + [0] * 9
    assert flags.sum() == 4
