"""Public medical pictures from the folder that MEDHIVE_DATASETS names; none of them is fetched by itself."""

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.public import DataMissing
from data.table import IntArray
from settings import get_settings

Picture = NDArray[np.uint8]
_PARTS = ("train", "val", "test")


def arrays(path: str, title: str, page: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file in MEDHIVE_DATASETS.

    Raises
    ------
    DataMissing
        With one sentence that says where to get it.
    """
    file = folder(path, title, page)
    try:
        with np.load(file, allow_pickle=False) as found:
            return {name: found[name] for name in found}
    except (OSError, ValueError) as error:
        raise DataMissing(f"{file} cannot be read as {title}: {error}.") from None


@dataclass(frozen=True)
class Official:
    """A data set with the split that its publisher gave it.

    Parameters
    ----------
    pictures, y : of training, validation and test, in this order.
    parts : (n,) 0, 1 and 2.
    names : of the files, () where they are not told.
    """

    pictures: Picture
    y: IntArray
    parts: IntArray
    names: tuple[str, ...]


def official(path: str, title: str, page: str) -> Official:
    """Return the pictures of an npz file with ``train_images``, ``train_labels`` and so on, as MedMNIST writes them.

    Raises
    ------
    DataMissing
        With one sentence that says where to get it.
    """
    found = arrays(path, title, page)
    pictures = [found[f"{part}_images"] for part in _PARTS]
    return Official(
        np.concatenate(pictures),
        np.concatenate([found[f"{part}_labels"].reshape(-1) for part in _PARTS]).astype(np.int64),
        np.repeat([0, 1, 2], [len(part) for part in pictures]).astype(np.int64),
        tuple(str(name) for part in _PARTS for name in found.get(f"{part}_files", ())),
    )


def folder(path: str, title: str, page: str) -> Path:
    """Return where ``path`` lies in MEDHIVE_DATASETS; raises DataMissing where it does not."""
    given = get_settings().datasets
    if given is None or not (given / path).exists():
        raise DataMissing(
            f"{title} is not here: get it from {page} and let MEDHIVE_DATASETS name the folder of {path}."
        )
    return given / path


@lru_cache(maxsize=4)
def listed(where: Path, side: int, colour: bool, source: str | None = None) -> tuple[Picture, list[dict[str, str]]]:
    """Return the pictures that ``labels.csv`` in a folder lists, squeezed to a square, and its rows.

    Parameters
    ----------
    source : only rows whose column ``source`` says so.
    """
    from PIL import Image

    with (where / "labels.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if source is None or row["source"] == source]
    pictures: list[Picture] = []
    for row in rows:
        with Image.open(where / row["file"]) as image:
            pixels = image.convert("RGB" if colour else "L")
            pictures.append(np.asarray(pixels.resize((side, side), Image.Resampling.BICUBIC)))
    return np.stack(pictures), rows
