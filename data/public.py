"""Public data sets from the folder that MEDHIVE_DATASETS names, else from their official source, checked by SHA-256."""

import hashlib
import io
import urllib.request
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray, IntArray
from data.whole_file import write_whole
from settings import get_settings

HEART_URL = "https://archive.ics.uci.edu/static/public/45/heart+disease.zip"
HEART_PAGE = "https://archive.ics.uci.edu/dataset/45/heart+disease"
HEART_COLUMNS = (
    "age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca", "thal",
)  # fmt: skip
_HEART_FILES = {  # hospital → file, SHA-256
    "Cleveland": ("processed.cleveland.data", "a74b7efa387bc9d108d7d0115d831fe9b414b29ae7124f331b622b4efa0427c8"),
    "Budapest": ("processed.hungarian.data", "d1ad108f785768cd3d7e82dc522e6f5a61eea93cccfb3a46ee8076f73fc3d796"),
    "Zurich and Basel": (
        "processed.switzerland.data",
        "834a405ccf5b66ab4056bb77794adc8df0b7125186454c0a1d002d33c6c3b314",
    ),
    "Long Beach": ("processed.va.data", "e7c93d8d0d2acdadfa4c5e8de768e2191e7f618b952e29623f1f0d5949ff6b8f"),
}
_ZERO_IS_UNKNOWN = ("trestbps", "chol")  # nobody alive has it; all Swiss rows have 0 for a cholesterol not measured
_TIMEOUT = 20  # seconds without an answer
_MOST_BYTES = 5_000_000


class DataMissing(Exception):
    """A public data set is not here and cannot be fetched; the message is one sentence that says where to get it."""


def public_file(name: str, sha256: str, page: str) -> bytes:
    """Return a published file that cannot be fetched without an account, from where a person has put it.

    Parameters
    ----------
    name : path under MEDHIVE_DATASETS or HOME/datasets, for example ``pima_diabetes/diabetes.csv``.
    sha256 : of the published file.
    page : address where a person gets it.

    Raises
    ------
    DataMissing
        When the file is in neither folder, or differs from the published one.
    """
    settings = get_settings()
    own = settings.home / "datasets" / name
    given = settings.datasets / name if settings.datasets else own
    path = given if given.is_file() else own
    if not path.is_file():
        raise DataMissing(
            f"{name} is not here: get it from {page} and put it at {own}, or below the folder MEDHIVE_DATASETS."
        )
    return _checked(path.read_bytes(), sha256, path, page)


@dataclass(frozen=True)
class HeartRows:
    """The four hospitals of UCI Heart Disease, 920 patients.

    Parameters
    ----------
    x : (920, 13) values in the order of HEART_COLUMNS, coded as in ``heart-disease.names``; NaN is missing.
    num : (920,) 0 for no vessel narrowed by more than half, 1 to 4 else.
    hospitals : (920,) name of the hospital.
    """

    x: FloatArray
    num: IntArray
    hospitals: tuple[str, ...]


def heart_disease() -> HeartRows:
    """Return UCI Heart Disease (https://archive.ics.uci.edu/dataset/45/heart+disease, CC BY 4.0).

    Taken from ``heart_uci`` in MEDHIVE_DATASETS or in HOME/datasets; fetched into the latter when it is in neither.

    Raises
    ------
    DataMissing
        When a file differs from the published one, or the source cannot be reached.
    """
    settings = get_settings()
    return _heart_disease(settings.datasets, settings.home / "datasets")


def heart_zeros(name: str) -> NDArray[np.bool_]:
    """Return which of the 920 rows have 0 in the files for a value that was not measured (``trestbps`` or ``chol``)."""
    settings = get_settings()
    table = _heart_table(settings.datasets, settings.home / "datasets")[0]
    zero: NDArray[np.bool_] = table[:, HEART_COLUMNS.index(name)] == 0
    return zero


@lru_cache(maxsize=4)
def _heart_disease(given: Path | None, own: Path) -> HeartRows:
    table, hospitals = _heart_table(given, own)
    x = table[:, :-1].copy()
    for name in _ZERO_IS_UNKNOWN:
        column = x[:, HEART_COLUMNS.index(name)]
        column[column == 0] = np.nan
    x.setflags(write=False)
    return HeartRows(x, table[:, -1].astype(np.int64), hospitals)


@lru_cache(maxsize=4)
def _heart_table(given: Path | None, own: Path) -> tuple[FloatArray, tuple[str, ...]]:
    files = [file for file, _ in _HEART_FILES.values()]
    folder = own / "heart_uci"
    if given is not None and all((given / "heart_uci" / file).is_file() for file in files):
        folder = given / "heart_uci"
    elif not all((folder / file).is_file() for file in files):
        _fetch_heart_disease(folder)
    rows: list[list[float]] = []
    hospitals: list[str] = []
    for hospital, (file, sha256) in _HEART_FILES.items():
        for line in _checked((folder / file).read_bytes(), sha256, folder / file, HEART_PAGE).decode("ascii").split():
            rows.append([np.nan if cell == "?" else float(cell) for cell in line.split(",")])
            hospitals.append(hospital)
    return np.array(rows, dtype=np.float32), tuple(hospitals)


def _fetch_heart_disease(folder: Path) -> None:
    try:
        with urllib.request.urlopen(HEART_URL, timeout=_TIMEOUT) as answer:
            packed = answer.read(_MOST_BYTES)
        archive = zipfile.ZipFile(io.BytesIO(packed))
        contents = {file: archive.read(file) for file, _ in _HEART_FILES.values()}
    except (OSError, zipfile.BadZipFile, KeyError):
        raise DataMissing(
            f"UCI Heart Disease is not here and could not be fetched from {HEART_URL}. Put its four processed.*.data "
            f"files from {HEART_PAGE} into {folder}, or into heart_uci in the folder that MEDHIVE_DATASETS names."
        ) from None
    for file, sha256 in _HEART_FILES.values():
        _checked(contents[file], sha256, HEART_URL, HEART_PAGE)
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        write_whole(folder / file, content)


def _checked(content: bytes, sha256: str, where: Path | str, page: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataMissing(f"{where} is not the published file (its SHA-256 differs); get it from {page}.")
    return content
