"""BreastMNIST over ten sites: a last layer over features that a frozen network computed once."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.workloads.pictures import made_up, numbered
from data.public import DataMissing
from data.table import Dataset, TableSchema
from models.task import Task, Training
from settings import get_settings

if TYPE_CHECKING:
    from torch import nn

FILE = "benchmarks/breastmnist_features.npz"  # in the home; written by benchmarks.features


@cache
def _features() -> Dataset:
    file = get_settings().home / FILE
    if not file.is_file():
        raise DataMissing(f"{file} is not there: python -m benchmarks fl --workloads head computes it.")
    with np.load(file) as arrays:
        return Dataset(arrays["x"], arrays["y"], "BreastMNIST, 780 ultrasound images, features of EfficientNet-Lite0")


class Head(Task):
    """Breast ultrasound: malignant, or normal and benign."""

    name = "head"
    title = "Breast ultrasound, frozen features"
    question = "Does this ultrasound image show a malignant mass?"
    classes = ("normal or benign", "malignant")
    schema = TableSchema(numbered("feature", 1152, -1e6, 1e6), label="malignant")
    training = Training(rounds=20, batch_size=32, learning_rate=1e-3, optimiser="adam", sites=10)
    licence = "CC BY 4.0 (MedMNIST v2)"

    def public(self) -> Dataset:
        """Return the features of all images."""
        return _features()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` mixtures of the features of two images of one class."""
        return made_up(_features(), n, seed)

    def network(self) -> "nn.Module":
        """Return a fresh linear layer."""
        from benchmarks.workloads.head.network import make

        return make()


TASK = Head()
