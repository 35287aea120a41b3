"""What the workloads on images share: MedMNIST files as rows, and rows made up after them."""

import numpy as np

from data.public import DataMissing
from data.table import Column, Dataset, FloatArray, IntArray
from settings import get_settings

PARTS = ("train", "val", "test")  # a task holds out rows of its own, so all three are one set


def read(name: str) -> tuple[FloatArray, IntArray]:
    """Return the (n, 784) grey values 0–255 and (n,) labels of a MedMNIST data set of 28 × 28 pixels.

    Raises
    ------
    DataMissing
        When MEDHIVE_DATASETS has no ``name/name.npz``.
    """
    folder = get_settings().datasets
    file = folder / name / f"{name}.npz" if folder else None
    if file is None or not file.is_file():
        raise DataMissing(f"This benchmark needs MEDHIVE_DATASETS to name a folder with {name}/{name}.npz (MedMNIST).")
    with np.load(file) as arrays:
        images = np.concatenate([arrays[f"{part}_images"] for part in PARTS])
        labels = np.concatenate([arrays[f"{part}_labels"] for part in PARTS])
    return images.reshape(len(images), -1).astype(np.float32), labels.reshape(-1).astype(np.int64)


def numbered(name: str, count: int, low: float, high: float) -> tuple[Column, ...]:
    """Return ``count`` columns ``name_0``, ``name_1`` and so on."""
    return tuple(Column(f"{name}_{i}", f"{name} {i}", "", low, high, 0) for i in range(count))


def made_up(public: Dataset, n: int, seed: int) -> Dataset:
    """Return ``n`` rows, each the mean of two rows of one class of ``public``, always marked synthetic."""
    random = np.random.default_rng(seed)
    y = random.choice(public.y, size=n)
    x = np.empty((n, public.x.shape[1]), np.float32)
    for label in np.unique(y):
        own = np.flatnonzero(public.y == label)
        pairs = random.choice(own, size=(2, int((y == label).sum())))
        x[y == label] = public.x[pairs].mean(axis=0)
    return Dataset(x, y, f"made up after {public.source}, seed {seed}", synthetic=True)
