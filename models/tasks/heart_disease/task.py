"""Heart disease: is a large coronary vessel narrowed, from thirteen findings of four real hospitals (UCI)."""

from typing import TYPE_CHECKING

import numpy as np

from data.public import heart_disease
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
    # chosen by five-fold cross-validation within the training rows, three draws of the folds
    training = Training(rounds=20, batch_size=16, learning_rate=3e-3, decay=0.97, partition="natural", sites=4)
    licence = "CC BY 4.0 (UCI Machine Learning Repository, dataset 45)"
    shows_cases = True
    natural_sites = True

    def public(self) -> Dataset:
        """Return the 920 patients of four hospitals."""
        rows = heart_disease()
        return Dataset(
            rows.x,
            (rows.num > 0).astype(np.int64),
            "UCI Heart Disease, 920 real patients of four hospitals, 1988",
            natural_sites=rows.hospitals,
        )

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

    def answer(self, chosen: int) -> str:
        """Return the answer as a sentence."""
        return "Coronary heart disease is likely." if chosen else "A significant narrowing is unlikely."

    def network(self) -> "nn.Module":
        """Return a fresh network 32-32-16-1 with dropout."""
        from models.tasks.heart_disease.network import make

        return make()


TASK = HeartDisease()
