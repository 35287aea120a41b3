"""A thousand sites with eight rows each: what a message costs, when there is next to nothing to compute."""

from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from data.table import Dataset
from models.task import Training
from models.tasks.breast_cancer.task import TASK as BREAST_CANCER
from models.tasks.breast_cancer.task import BreastCancer

if TYPE_CHECKING:
    from torch import nn


@cache
def _drawn(rows: int) -> Dataset:
    public = BREAST_CANCER.public()
    drawn = np.random.default_rng(0).integers(len(public), size=rows)
    return public.take(drawn.astype(np.int64))


class Many(BreastCancer):
    """Rows of WDBC drawn with replacement; ``drawn`` of them leave exactly eight a site once some are held out."""

    name = "many"
    training = Training(rounds=3, batch_size=8, learning_rate=0.1, optimiser="sgd", sites=1000)
    drawn: ClassVar[int] = 11_422

    def public(self) -> Dataset:
        """Return the ``drawn`` rows."""
        return _drawn(self.drawn)

    def network(self) -> "nn.Module":
        """Return a fresh network 30-16-1."""
        from benchmarks.workloads.many.network import make

        return make()


TASK = Many()
