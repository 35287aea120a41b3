"""PneumoniaMNIST over four sites: a network that has something to compute."""

from functools import cache
from typing import TYPE_CHECKING

from benchmarks.workloads.pictures import made_up, numbered, read
from data.table import Dataset, TableSchema
from models.task import Task, Training

if TYPE_CHECKING:
    from torch import nn


@cache
def _pneumoniamnist() -> Dataset:
    return Dataset(*read("pneumoniamnist"), "PneumoniaMNIST, 5,856 chest X-rays, 28 × 28 pixels")


class Cnn(Task):
    """Chest X-rays of children, with pneumonia or without."""

    name = "cnn"
    title = "Pneumonia, small images"
    question = "Does this chest X-ray show pneumonia?"
    classes = ("no pneumonia", "pneumonia")
    schema = TableSchema(numbered("pixel", 784, 0, 255), label="pneumonia")
    training = Training(rounds=5, batch_size=64, learning_rate=1e-3, optimiser="adam", sites=4)
    licence = "CC BY 4.0 (MedMNIST v2)"

    def public(self) -> Dataset:
        """Return all images, whatever part of MedMNIST they are from."""
        return _pneumoniamnist()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` mixtures of two images of one class."""
        return made_up(_pneumoniamnist(), n, seed)

    def network(self) -> "nn.Module":
        """Return a fresh network."""
        from benchmarks.workloads.cnn.network import make

        return make()


TASK = Cnn()
