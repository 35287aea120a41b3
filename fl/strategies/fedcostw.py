"""FedCostWAvg: a site counts by its rows and by how much its loss has fallen since the round before.

Mächler et al. (2021), "FedCostWAvg: A new averaging for better Federated Learning", winner of the FeTS challenge,
https://arxiv.org/abs/2111.08649: weight = α · n / N + (1 − α) · k / K, where k is the site's loss of the round before
divided by the present one. In a site's first round, n / N alone counts. The loss is what the site reports, so a site
that lies about it gains weight.
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

SMALLEST = 1e-6  # of a loss that is divided by


def cost_weights(shares: Array, before: Array, now: Array, alpha: float) -> Array:
    """Return the (s,) weights from (s,) shares and losses; a site without both losses counts as at rest."""
    ratio = np.maximum(before, SMALLEST) / np.maximum(now, SMALLEST)
    weights: Array = alpha * shares + (1 - alpha) * normalised(np.where(np.isnan(ratio), 1.0, ratio), shares)
    return weights


class CostWeighted:
    """The rule; ``state["costs"]`` holds what sites said in the last two rounds."""

    def __init__(self, alpha: float) -> None:
        self.state: dict[str, NDArray[Any]] = {}
        self._alpha = alpha

    def join(self, round: Round) -> tuple[FloatArray, str]:
        """Return the mean by cost."""
        now, before = remembered(self.state, round, 2)
        known = not np.isnan(before).all()
        return mean(round, cost_weights(round.shares, before, now, self._alpha) if known else round.shares), ""


def _make(settings: Mapping[str, float]) -> "FedAvg":
    from fl.strategies.ruled import Ruled

    return Ruled(CostWeighted(settings["alpha"]))


INFO = StrategyInfo(
    name="fedcostw",
    title="FedCostWAvg",
    summary="Weighs sites by their rows and by how fast their own loss falls (FeTS winner 2021).",
    paper="https://arxiv.org/abs/2111.08649",
    parameters=(
        Parameter(
            name="alpha",
            title="Weight of the rows α",
            default=0.5,
            low=0.0,
            high=1.0,
            help="1 counts rows only, as federated averaging does; 0 the fall of the loss only; 0.5 in the paper.",
        ),
    ),
    make=_make,
    individual=True,
)
