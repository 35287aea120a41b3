"""The plain mean: every site counts the same, however many rows it has.

What FED-MED calls naive averaging; the simplest baseline. McMahan et al. (2017), https://arxiv.org/abs/1602.05629,
weigh by rows instead.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from fl.strategies.info import StrategyInfo
from fl.strategies.rule import Round, mean

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAvg


class Equal:
    """The mean of the sites' weights."""

    def __init__(self) -> None:
        self.state: dict[str, NDArray[Any]] = {}

    def join(self, round: Round) -> tuple[FloatArray, str]:
        """Return the mean."""
        return mean(round, np.full(len(round.counts), 1 / len(round.counts))), ""


def _make(_settings: Mapping[str, float]) -> "FedAvg":
    from fl.strategies.ruled import Ruled

    return Ruled(Equal())


INFO = StrategyInfo(
    name="equal",
    title="Equal weights",
    summary="Averages the sites' weights, each counting the same whatever its number of rows.",
    paper="https://arxiv.org/abs/1602.05629",
    parameters=(),
    make=_make,
)
