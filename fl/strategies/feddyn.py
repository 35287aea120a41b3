"""Federated learning with dynamic regularisation: every site's loss is bent until all sites share one optimum.

Acar et al. (2021), "Federated Learning Based on Dynamic Regularization", https://arxiv.org/abs/2111.04263. With w the
global weights, gₖ what is remembered of site k (0 at first) and Lₖ its loss, the site minimises
Lₖ(v) − ⟨gₖ, v⟩ + α / 2 · ‖v − w‖², after which gₖ falls by α (vₖ − w); the next global weights are mean(vₖ) − h / α
with h the mean of all gₖ. What the paper lets a site remember follows from its updates alone, so the server remembers
it and sends it along: a site keeps nothing, and a run is taken up again to the same bits. Means are by rows, where the
paper's sites all count the same. Batch statistics, which no gradient moves, are averaged.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from fl.strategies.info import Parameter, StrategyInfo
from fl.strategies.rule import Round, mean

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAvg


class Dynamic:
    """The rule; ``state`` holds gₖ by site, (sites, l) for l weights that gradients move, and the rows of each."""

    def __init__(self, alpha: float) -> None:
        self.state: dict[str, NDArray[Any]] = {}
        self.proximal_mu = alpha

    def pull(self, position: int) -> FloatArray | None:
        """Return what is added to the gradient of a site, −gₖ; None where nothing is remembered."""
        if "slopes" not in self.state or not self.state["rows"][position]:
            return None
        found: FloatArray = (-self.state["slopes"][position]).astype(np.float32)
        return found

    def join(self, round: Round) -> tuple[FloatArray, str]:
        """Return the mean of the sites' weights, moved by what is remembered of all."""
        slopes = self.state.setdefault("slopes", np.zeros((round.sites, round.learned)))
        rows = self.state.setdefault("rows", np.zeros(round.sites))
        at, learned = list(round.positions), slice(round.learned)
        slopes[at] -= self.proximal_mu * (round.weights - round.start).astype(np.float64)[:, learned]
        rows[at] = round.counts
        joined = mean(round, round.shares)
        joined[learned] -= (rows / rows.sum() @ slopes / self.proximal_mu).astype(np.float32)
        return joined, ""


def _make(settings: Mapping[str, float]) -> "FedAvg":
    from fl.strategies.ruled import Ruled

    return Ruled(Dynamic(settings["alpha"]))


INFO = StrategyInfo(
    name="feddyn",
    title="FedDyn",
    summary="Corrects each site's training by how it has pulled before, so that unlike sites agree on one model.",
    paper="https://arxiv.org/abs/2111.04263",
    parameters=(
        Parameter(
            name="alpha",
            title="Regularisation α",
            default=0.1,
            low=0.001,
            high=100.0,
            help="How strongly a site is held near the global weights while it is corrected; 0.01 to 1 is usual.",
        ),
    ),
    make=_make,
    individual=True,
    remembers=True,
)
