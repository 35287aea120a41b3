"""Breast cancer: is this mass malignant, from cell nuclei in a fine-needle aspirate (WDBC)."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.public import DataMissing
from data.table import Dataset, FloatArray, TableSchema
from models.task import Task, Training
from models.tasks.breast_cancer.columns import COLUMNS

if TYPE_CHECKING:
    from torch import nn


@cache
def _wdbc() -> Dataset:
    """Read the table that scikit-learn carries, without importing it: that takes a second and 80 MB in each process."""
    package = find_spec("sklearn")
    folder = Path(package.origin).parent if package and package.origin else Path("scikit-learn")
    path = folder / "datasets" / "data" / "breast_cancer.csv"
    if not path.is_file():
        raise DataMissing(f"{path} is missing: install scikit-learn, which carries the data of task breast_cancer.")
    table = np.loadtxt(path, delimiter=",", skiprows=1)  # (569, 31), the last column 0 for malignant
    return Dataset(
        x=table[:, :-1].astype(np.float32),
        y=(1 - table[:, -1]).astype(np.int64),  # here the class that is looked for is 1
        source="Breast Cancer Wisconsin (Diagnostic), 569 real samples, University of Wisconsin, 1995",
    )


class BreastCancer(Task):
    """569 real samples that come with scikit-learn, so this task works on any machine without a network."""

    name = "breast_cancer"
    title = "Breast cancer"
    question = "Is this breast mass malignant?"
    classes = ("benign", "malignant")
    schema = TableSchema(COLUMNS, label="malignant", label_help="1 = malignant, 0 = benign, confirmed by biopsy.")
    # of some 35 recipes tried by ten-fold cross-validation, the best of the last few over seeds 0 to 9
    training = Training(rounds=20, local_epochs=2, batch_size=32, learning_rate=5e-3, decay=0.95, sites=10)
    licence = "CC BY 4.0 (UCI Machine Learning Repository, dataset 17)"
    shows_cases = True

    def public(self) -> Dataset:
        """Return the 569 samples."""
        return _wdbc()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` synthetic rows.

        Drawn for each class from a normal distribution over logarithms, fitted to the rows of the public data that
        are used for training; held-out rows take no part.
        """
        from data.partition import hold_out

        public = _wdbc().take(hold_out(_wdbc()).training)
        random = np.random.default_rng(seed)
        y = (random.random(n) < public.y.mean()).astype(np.int64)
        x = np.empty((n, len(COLUMNS)))
        shift = 1e-3  # some dents are exactly 0
        for k in (0, 1):
            logs = np.log(public.x[public.y == k].astype(np.float64) + shift)
            drawn = random.multivariate_normal(logs.mean(axis=0), np.cov(logs.T), size=n, method="cholesky")
            x[y == k] = (np.exp(drawn) - shift)[y == k]
        x = np.clip(x, [c.low for c in COLUMNS], [c.high for c in COLUMNS])
        digits = 4 - np.floor(np.log10(np.maximum(np.abs(x), 1e-4))).astype(np.int64)
        rounded: FloatArray = (np.round(x * 10.0**digits) / 10.0**digits).astype(np.float32)
        return Dataset(rounded, y, f"generated after the WDBC training rows, seed {seed}", synthetic=True)

    def network(self) -> "nn.Module":
        """Return a fresh network 30-32-16-1."""
        from models.tasks.breast_cancer.network import make

        return make()


TASK = BreastCancer()
