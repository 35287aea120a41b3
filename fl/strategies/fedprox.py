"""Federated averaging with a proximal term that keeps each site near the global weights.

Li et al. (2020), "Federated Optimization in Heterogeneous Networks", https://arxiv.org/abs/1812.06127. The site
adds mu / 2 · ‖w − w_global‖² to its loss (fl.local); aggregation is that of Flower's FedProx, unmodified.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fl.strategies.info import EVERYBODY, Parameter, StrategyInfo

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedProx


def _make(settings: Mapping[str, float]) -> "FedProx":
    from flwr.serverapp.strategy import FedProx

    return FedProx(**EVERYBODY, proximal_mu=settings["proximal_mu"])


INFO = StrategyInfo(
    name="fedprox",
    title="FedProx",
    summary="Federated averaging that keeps sites with unlike data near the global model.",
    paper="https://arxiv.org/abs/1812.06127",
    parameters=(
        Parameter(
            name="proximal_mu",
            title="Proximal weight µ",
            default=0.1,
            low=0.0,
            high=1000.0,
            help="How strongly a site is held near the global weights; 0 is federated averaging, 0.001 to 1 is usual.",
        ),
    ),
    make=_make,
)
