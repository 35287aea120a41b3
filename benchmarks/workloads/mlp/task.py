"""WDBC over ten sites: a small network on tables, the commonest federation there is."""

from typing import TYPE_CHECKING

from models.task import Training
from models.tasks.breast_cancer.task import BreastCancer

if TYPE_CHECKING:
    from torch import nn


class Mlp(BreastCancer):
    """The rows of breast_cancer with a network and the settings that every simulator is measured at."""

    name = "mlp"
    training = Training(rounds=20, batch_size=32, learning_rate=1e-3, optimiser="adam", sites=10)

    def network(self) -> "nn.Module":
        """Return a fresh network 30-64-32-1."""
        from benchmarks.workloads.mlp.network import make

        return make()


TASK = Mlp()
