"""FedPIDAvg: rows, the last fall of a site's loss, and the sum of its losses, weighed like a PID controller.

Mächler et al. (2022), "FedPIDAvg: A PID controller inspired aggregation method for Federated Learning", winner of the
FeTS challenge, https://arxiv.org/abs/2304.12117: weight = α · n / N + β · k / K + γ · m / M, where k is the fall of the
site's loss since the round before and m the sum of its losses of the last six rounds. A loss that rises gives k = 0. In
a site's first round, n / N alone counts. The loss is what the site reports, so a site that lies about it gains weight.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from fl.strategies.costs import normalised, remembered
from fl.strategies.info import Parameter, StrategyInfo
from fl.strategies.rule import Array, Round, mean

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAvg

ROUNDS = 6  # whose losses are added up


def pid_weights(shares: Array, costs: Array, alpha: float, beta: float, gamma: float) -> Array:
    """Return the (s,) weights from (s,) shares of rows and (rounds, s) losses, newest first, NaN where unknown."""
    fall = np.where(np.isnan(costs[1]), 0.0, costs[1] - costs[0])
    weights = (
        alpha * shares
        + beta * normalised(np.nan_to_num(fall), shares)
        + gamma * normalised(np.nansum(costs, axis=0), shares)
    )
    found: Array = weights / weights.sum()
    return found


class PID:
    """The rule; ``state["costs"]`` holds what sites said in the last rounds."""

    def __init__(self, alpha: float, beta: float, gamma: float) -> None:
        self.state: dict[str, NDArray[Any]] = {}
        self._parts = alpha, beta, gamma

    def join(self, round: Round) -> tuple[FloatArray, str]:
        """Return the mean by the three parts."""
        costs = remembered(self.state, round, ROUNDS)
        known = not np.isnan(costs[1]).all() and sum(self._parts) > 0
        return mean(round, pid_weights(round.shares, costs, *self._parts) if known else round.shares), ""


def _make(settings: Mapping[str, float]) -> "FedAvg":
    from fl.strategies.ruled import Ruled

    return Ruled(PID(settings["alpha"], settings["beta"], settings["gamma"]))


def _part(name: str, title: str, default: float, what: str) -> Parameter:
    return Parameter(name, title, default, 0.0, 1.0, f"How much {what} counts; {default:g} in the paper.")


INFO = StrategyInfo(
    name="fedpid",
    title="FedPIDAvg",
    summary="Weighs sites by rows, by the last fall of their loss and by its sum (FeTS winner 2022).",
    paper="https://arxiv.org/abs/2304.12117",
    parameters=(
        _part("alpha", "Weight of the rows α", 0.45, "the number of rows"),
        _part("beta", "Weight of the fall β", 0.45, "the fall of the loss since the round before"),
        _part("gamma", "Weight of the sum γ", 0.1, "the sum of the last six losses"),
    ),
    make=_make,
    individual=True,
)
