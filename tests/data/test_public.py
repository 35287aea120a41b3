"""Public data are the published ones, bit for bit, or their absence is said in one sentence."""

import io
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest

from data.public import HEART_COLUMNS, DataMissing, heart_disease
from settings import get_settings


@pytest.fixture
def no_datasets(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MEDHIVE_DATASETS", raising=False)
    get_settings.cache_clear()
    return home


def answer_with(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(content))


def packed(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def test_the_four_hospitals_have_their_published_numbers_of_patients(home: Path, datasets: Path) -> None:
    rows = heart_disease()
    assert rows.x.shape == (920, len(HEART_COLUMNS))
    assert {name: (rows.hospitals.count(name), sum(np.array(rows.hospitals)[rows.num == 0] == name))
            for name in dict.fromkeys(rows.hospitals)} == {
        "Cleveland": (303, 164), "Budapest": (294, 188), "Zurich and Basel": (123, 8), "Long Beach": (200, 51),
    }  # fmt: skip


def test_a_cholesterol_or_blood_pressure_of_zero_is_a_gap(home: Path, datasets: Path) -> None:
    rows = heart_disease()
    chol = rows.x[:, HEART_COLUMNS.index("chol")]
    assert np.isnan(chol[np.array(rows.hospitals) == "Zurich and Basel"]).all()
    assert np.nanmin(chol) > 0
    assert np.nanmin(rows.x[:, HEART_COLUMNS.index("trestbps")]) > 0


def test_without_files_and_network_the_way_to_get_them_is_said(
    no_datasets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", offline)
    with pytest.raises(DataMissing, match=r"Put its four processed.\*.data files from https://archive.ics.uci.edu"):
        heart_disease()


def test_files_are_fetched_once_into_the_home(
    no_datasets: Path, datasets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path.name: path.read_bytes() for path in (datasets / "heart_uci").glob("processed.*")}
    answer_with(monkeypatch, packed(files))
    assert len(heart_disease().num) == 920
    assert sorted(path.name for path in (no_datasets / "datasets" / "heart_uci").iterdir()) == sorted(files)


@pytest.mark.parametrize("content", [b"<html>moved</html>", packed({"readme": b"?"})])
def test_a_source_that_answers_with_something_else_is_not_believed(
    no_datasets: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    answer_with(monkeypatch, content)
    with pytest.raises(DataMissing, match="could not be fetched"):
        heart_disease()
    assert not (no_datasets / "datasets").exists()


def test_a_file_that_differs_by_a_byte_is_not_used(
    no_datasets: Path, datasets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path.name: path.read_bytes() for path in (datasets / "heart_uci").glob("processed.*")}
    files["processed.va.data"] += b"\n"
    answer_with(monkeypatch, packed(files))
    with pytest.raises(DataMissing, match="SHA-256 differs"):
        heart_disease()
    assert not (no_datasets / "datasets").exists()
