"""Heart disease: is a large coronary vessel narrowed, from thirteen findings of four real hospitals (UCI)."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.table import Dataset, FloatArray, TableSchema
from models.task import Task, Training
from models.tasks.heart_disease.columns import COLUMNS
from models.tasks.heart_disease.generator import draw

if TYPE_CHECKING:
    from torch import nn

_INDEX = {column.name: position for position, column in enumerate(COLUMNS)}
_ONE_HOT = ("cp", "restecg", "slope", "thal")
_NUMBERS = tuple(column.name for column in COLUMNS if column.name not in _ONE_HOT)
_FLAGGED = tuple(column.name for column in COLUMNS if column.nullable)


@cache
def _patients() -> Dataset:
    from settings import get_settings

    folder = get_settings().datasets
    rows: list[list[float]] = []
    sites: list[str] = []
    for hospital in ("cleveland", "hungarian", "switzerland", "va"):
        for line in ((folder or Path()) / "heart_uci" / f"processed.{hospital}.data").read_text().split():
            rows.append([np.nan if cell == "?" else float(cell) for cell in line.split(",")])
            sites.append(hospital)
    table = np.array(rows, dtype=np.float32)
    x, y = table[:, :-1], (table[:, -1] > 0).astype(np.int64)
    for name in ("chol", "trestbps"):
        x[x[:, _INDEX[name]] == 0, _INDEX[name]] = np.nan
    return Dataset(x, y, "UCI Heart Disease, 920 real patients of four hospitals, 1988", natural_sites=tuple(sites))


class HeartDisease(Task):
    """Cleveland, Budapest, Zurich/Basel and Long Beach: a federation as it occurs, with very different gaps."""

    name = "heart_disease"
    title = "Heart disease"
    question = "Is a major coronary vessel narrowed by more than half?"
    classes = ("no significant narrowing", "coronary heart disease")
    schema = TableSchema(
        COLUMNS,
        label="disease",
        label_help="1 = a major vessel narrowed by over 50 % on angiography (num 1 to 4 in the UCI files), 0 = not.",
    )
    training = Training(rounds=30, local_epochs=2, learning_rate=1e-3, partition="natural", sites=4)
    licence = "CC BY 4.0 (UCI Machine Learning Repository, dataset 45)"
    natural_sites = True

    def public(self) -> Dataset:
        """Return the 920 patients of four hospitals."""
        return _patients()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` synthetic rows, drawn column by column from rounded frequencies of each class."""
        return draw(n, seed)

    def features(self, x: FloatArray, filled: FloatArray) -> FloatArray:
        """Return numbers with gaps filled, one column a level of a category, and a flag a value that was missing.

        A missing category has no level set, rather than a level that the median happens to name.
        """
        parts = [filled[:, [_INDEX[name] for name in _NUMBERS]]]
        for name in _ONE_HOT:
            column = COLUMNS[_INDEX[name]]
            parts.append(x[:, [_INDEX[name]]] == np.array(list(column.levels), dtype=np.float32))
        parts.append(np.isnan(x[:, [_INDEX[name] for name in _FLAGGED]]))
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def answer(self, positive: bool) -> str:
        """Return the answer as a sentence."""
        return "Coronary heart disease is likely." if positive else "A significant narrowing is unlikely."

    def network(self) -> "nn.Module":
        """Return a fresh network over 32 features."""
        from models.tasks.heart_disease.network import make

        return make()


TASK = HeartDisease()
