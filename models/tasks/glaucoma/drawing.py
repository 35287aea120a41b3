"""Drawn photographs in the manner of a fundus, for demonstration: nobody is behind them."""

import numpy as np

from data.table import Dataset
from models.fundus import SIDE


def draw(n: int, seed: int) -> Dataset:
    """Return ``n`` coloured pictures of a disc with a pale cup and vessels; the cup of class 1 is large."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    y = (random.random(n) < 0.4).astype(np.int64)
    x = np.zeros((n, SIDE, SIDE, 3), dtype=np.uint8)
    for row, label in enumerate(y):
        field = down**2 + across**2 < 0.235
        side = random.choice([-1, 1])
        at = 0.28 * side + random.normal(0, 0.01), random.normal(0, 0.02)
        away = np.hypot(across - at[0], (down - at[1]) * 0.92)
        rim = 1 / (1 + np.exp(160 * (away - 0.072)))
        cup = 1 / (1 + np.exp(200 * (away - (0.057 if label else 0.027))))
        light = 1 - 1.1 * (down**2 + (across + 0.1 * side) ** 2)
        vessels = np.zeros_like(down)
        for bend in (-2.2, -1.2, 1.2, 2.2):
            path = at[1] + bend * 0.16 * np.tanh(6 * np.abs(across - at[0])) + 0.02 * np.sin(25 * across)
            vessels += np.exp(-(((down - path) / 0.008) ** 2)) * (np.sign(at[0] - across) == side)
        red = 190 * light + 40 * rim
        green = 85 * light + 75 * rim + 60 * cup - 45 * np.clip(vessels, 0, 1) * (1 - 0.5 * cup)
        blue = 40 * light + 30 * rim + 60 * cup - 15 * np.clip(vessels, 0, 1)
        pixels = np.stack([red, green, blue], axis=2) + random.normal(0, 4, (SIDE, SIDE, 1))
        x[row] = np.clip(pixels, 0, 255) * field[..., None]
    return Dataset(x, y, f"drawn, seed {seed}", synthetic=True)
