"""A task of three classes whose rows pass an encoder: Fisher's irises, as pictures of four pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.table import Dataset, FloatArray
from models.task import Task, Training


class Flowers(Task):
    """Which iris it is; pixels are tenths of a millimetre of four lengths."""

    name = "flowers"
    title = "Irises"
    question = "Which iris is this?"
    modality = "image"
    classes = ("setosa", "versicolor", "virginica")
    encoder = "centimetres-1"
    training = Training(rounds=15, learning_rate=3e-2, sites=4)
    licence = "CC BY 4.0"
    encodings = 0

    def public(self) -> Dataset:
        """Return the 150 flowers, whose number in the field is their group."""
        from sklearn.datasets import load_iris

        found = load_iris()
        pixels = np.round(found.data * 10).astype(np.uint8).reshape(-1, 2, 2)
        groups = tuple(f"bush {row // 2}" for row in range(len(pixels)))
        return Dataset(pixels, found.target.astype(np.int64), "Iris", groups=groups)

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` flowers near real ones."""
        random, public = np.random.default_rng(seed), self.public()
        rows = random.integers(len(public), size=n)
        x = public.x[rows] + random.integers(0, 2, (n, 2, 2), dtype=np.uint8)
        return Dataset(x, public.y[rows], "generated", synthetic=True)

    def encode(self, x: NDArray[Any]) -> FloatArray:
        """Return four lengths in centimetres."""
        type(self).encodings += len(x)
        return (x.reshape(len(x), 4) / 10).astype(np.float32)

    def network(self) -> Any:
        """Return one layer."""
        from torch import nn

        return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))


TASK = Flowers()
