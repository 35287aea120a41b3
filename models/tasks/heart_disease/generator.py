"""Synthetic rows of heart_disease: column by column, from frequencies of each class rounded from the public data.

Columns are drawn apart from each other within a class, so real patterns between findings are missing: good for trying
the forms and checks, useless for research.
"""

import numpy as np

from data.table import Dataset
from models.tasks.heart_disease.columns import COLUMNS

_DISEASE = 0.55
# mean and standard deviation without and with disease, step of rounding
_NUMBERS = {
    "age": ((50.5, 9.4), (56.0, 8.7), 1.0),
    "trestbps": ((130, 16), (134, 20), 2.0),
    "chol": ((240, 54), (253, 60), 1.0),
    "thalach": ((149, 23), (128, 24), 1.0),
    "oldpeak": ((0.4, 0.7), (1.3, 1.15), 0.1),
}
# frequency of each level without and with disease, in the order of the column's levels
_LEVELS = {
    "sex": ((0.35, 0.65), (0.10, 0.90)),
    "cp": ((0.06, 0.36, 0.32, 0.26), (0.04, 0.05, 0.14, 0.77)),
    "fbs": ((0.89, 0.11), (0.78, 0.22)),
    "restecg": ((0.65, 0.15, 0.20), (0.56, 0.23, 0.21)),
    "exang": ((0.86, 0.14), (0.45, 0.55)),
    "slope": ((0.62, 0.33, 0.05), (0.18, 0.69, 0.13)),
    "ca": ((0.80, 0.13, 0.05, 0.02), (0.34, 0.31, 0.21, 0.14)),
    "thal": ((0.75, 0.06, 0.19), (0.26, 0.14, 0.60)),
}
_MISSING = {"trestbps": 0.06, "chol": 0.2, "fbs": 0.1, "slope": 0.3, "ca": 0.6, "thal": 0.5}


def draw(n: int, seed: int) -> Dataset:
    """Return ``n`` synthetic rows, the same for the same seed."""
    random = np.random.default_rng(seed)
    y = (random.random(n) < _DISEASE).astype(np.int64)
    x = np.empty((n, len(COLUMNS)))
    for position, column in enumerate(COLUMNS):
        if column.name in _NUMBERS:
            *classes, step = _NUMBERS[column.name]
            mean, deviation = np.array(classes)[y].T
            values = np.rint(random.normal(mean, deviation) / step) * step
            x[:, position] = np.clip(values, column.low, column.high)
        else:
            codes = np.array(list(column.levels) or range(int(column.low), int(column.high) + 1))
            limits = np.cumsum(np.array(_LEVELS[column.name]), axis=1)[y]
            x[:, position] = codes[np.minimum((random.random((n, 1)) > limits).sum(axis=1), len(codes) - 1)]
        x[random.random(n) < _MISSING.get(column.name, 0.0), position] = np.nan
    return Dataset(x.astype(np.float32), y, f"generated heart disease findings, seed {seed}", synthetic=True)
