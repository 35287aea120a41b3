"""Drawn pictures in the manner of an MRI slice of the brain, for demonstration: nobody is behind them."""

import numpy as np

from data.table import Dataset


def draw(n: int, seed: int, side: int, classes: int) -> Dataset:
    """Return ``n`` grey slices of ``side`` pixels.

    Of two classes, 1 has a bright spot; of three, the spot lies deep inside, at the rim, or in the middle below.
    """
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0:side, 0:side] / side - 0.5
    y = random.integers(0, classes, n)
    pictures = np.empty((n, side, side), dtype=np.uint8)
    for row, label in enumerate(y):
        head = (across / random.uniform(0.36, 0.4)) ** 2 + (down / random.uniform(0.43, 0.47)) ** 2
        grey = 20 + 90 / (1 + np.exp(30 * (head - 1))) + 110 * np.exp(-(((head - 1) / 0.07) ** 2))
        grey = grey + 14 * np.sin(38 * across + 9 * np.sin(21 * down)) * (head < 0.8)
        where = int(label) - (classes == 2)
        if where >= 0:
            angle = random.uniform(0, 2 * np.pi)
            far = (0.18, 0.31, 0.03)[where]
            at = (0.1, 0.0) if where == 2 else (far * np.sin(angle), far * np.cos(angle))
            size = random.uniform(0.05, 0.09)
            grey = grey + 110 * np.exp(-((((across - at[1]) ** 2 + (down - at[0]) ** 2) / size**2) ** 2))
        pictures[row] = np.clip(grey + random.normal(0, 5, grey.shape), 0, 255)
    return Dataset(pictures, y.astype(np.int64), f"drawn, seed {seed}", synthetic=True)
