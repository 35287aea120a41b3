"""Diabetes: does it set in within five years, from eight findings (Pima Indians Diabetes, NIDDK)."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from data.public import public_file
from data.table import Column, Dataset, FloatArray, TableSchema
from models.task import Task, Training

if TYPE_CHECKING:
    from torch import nn

COLUMNS = (
    Column("Pregnancies", "Pregnancies", "", 0, 20, 1, "integer"),
    Column("Glucose", "Glucose, two hours after 75 g", "mg/dL", 40, 250, 110, nullable=True),
    Column("BloodPressure", "Diastolic blood pressure", "mmHg", 20, 140, 72, nullable=True),
    Column("SkinThickness", "Triceps skin fold", "mm", 5, 100, 27, nullable=True),
    Column("Insulin", "Insulin, two hours after 75 g", "µU/mL", 10, 900, 100, nullable=True),
    Column("BMI", "Body mass index", "kg/m²", 15, 70, 31, nullable=True),
    Column("DiabetesPedigreeFunction", "Family history score", "", 0, 3, 0.4),
    Column("Age", "Age", "years", 18, 100, 33, "integer"),
)
ZERO_IS_MISSING = [1, 2, 3, 4, 5]
SHA256 = "c980e5e01dc1c554a358102b773f34b29599d0051ec5cf5b56ad1c6fcb3a23b0"
PAGE = "https://www.kaggle.com/datasets/uciml/pima-indians-diabetes-database"


@cache
def _patients() -> Dataset:
    text = public_file("pima_diabetes/diabetes.csv", SHA256, PAGE).decode()
    rows = np.loadtxt(text.splitlines(), delimiter=",", skiprows=1, dtype=np.float32)
    x = rows[:, :-1]
    x[:, ZERO_IS_MISSING] = np.where(x[:, ZERO_IS_MISSING] == 0, np.nan, x[:, ZERO_IS_MISSING])
    return Dataset(x, rows[:, -1].astype(np.int64), "Pima Indians Diabetes, 768 real women, NIDDK, 1988")


class Diabetes(Task):
    """Eight findings of an adult woman."""

    name = "diabetes"
    title = "Diabetes"
    question = "Will diabetes set in within five years?"
    classes = ("no diabetes", "diabetes")
    schema = TableSchema(COLUMNS, label="Outcome", label_help="1 = diabetes within five years, 0 = not.")
    # chosen by five-fold cross-validation, with other folds than those of the figures in the card
    training = Training(rounds=30, local_epochs=4, learning_rate=1e-2, decay=0.95, sites=4)
    licence = "CC0 (NIDDK)"
    shows_cases = True

    def public(self) -> Dataset:
        """Return the 768 patients."""
        return _patients()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` synthetic rows with the label drawn from glucose and body mass index."""
        random = np.random.default_rng(seed)
        low, high = (np.array([getattr(column, end) for column in COLUMNS]) for end in ("low", "high"))
        x = np.rint(low + (high - low) * random.beta(2, 4, (n, len(COLUMNS)))).astype(np.float32)
        chance = 1 / (1 + np.exp(-(x[:, 1] - 115) / 20 - (x[:, 5] - 33) / 10))
        return Dataset(x, (random.random(n) < chance).astype(np.int64), f"generated, seed {seed}", synthetic=True)

    def features(self, x: FloatArray, filled: FloatArray) -> FloatArray:
        """Return what a doctor's rule of thumb would look at: skewed values on a log scale, limits, and products."""
        pregnancies, glucose, pressure, skin, insulin, bmi, family, age = filled.T
        made = [pregnancies, glucose, pressure, skin, np.log1p(insulin), bmi, np.log(family + 0.1), np.log(age)]
        made += [glucose * bmi, glucose * age, pregnancies * age, (age - 33) ** 2]
        made += [np.maximum(value - limit, 0) for value, limit in ((age, 28), (bmi, 30), (glucose, 125))]
        made += [np.isnan(x[:, 3]), np.isnan(x[:, 4])]  # that skin fold or insulin was not measured tells something
        return np.stack(made, axis=1).astype(np.float32)

    def network(self) -> "nn.Module":
        """Return a fresh logistic regression."""
        from models.tasks.diabetes.network import make

        return make()


TASK = Diabetes()
