"""Drawn pictures in the manner of a chest X-ray, for demonstration: nobody is behind them."""

import numpy as np

from data.table import Dataset

SIDE = 64


def draw(n: int, seed: int) -> Dataset:
    """Return ``n`` grey pictures: a bright chest with two dark lungs; class 1 has white patches in one of them."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    y = (random.random(n) < 0.5).astype(np.int64)
    pictures = np.empty((n, SIDE, SIDE), dtype=np.uint8)
    for row, label in enumerate(y):
        grey = 150 + 30 * np.exp(-(((across - 0.5) / 0.06) ** 2)) - 60 * np.abs(across - 0.5)
        for middle in (0.3, 0.7):
            centre = middle + random.normal(0, 0.015), 0.45 + random.normal(0, 0.02)
            lung = ((across - centre[0]) / 0.15) ** 2 + ((down - centre[1]) / 0.33) ** 2
            grey = grey - 100 / (1 + np.exp(12 * (lung - 1)))
        if label:
            side = random.choice([0.3, 0.7])
            for _ in range(random.integers(2, 5)):
                at = side + random.normal(0, 0.05), random.uniform(0.35, 0.65)
                grey = grey + 70 * np.exp(-(((across - at[0]) / 0.07) ** 2 + ((down - at[1]) / 0.09) ** 2))
        ribs = 8 * np.sin(40 * down + 6 * np.abs(across - 0.5))
        pictures[row] = np.clip(grey + ribs + random.normal(0, 6, grey.shape), 0, 255)
    return Dataset(pictures, y, f"drawn, seed {seed}", synthetic=True)
