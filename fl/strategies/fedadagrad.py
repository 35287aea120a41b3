"""Adagrad at the server: the more a weight has moved in earlier rounds, the smaller its next step.

Reddi et al. (2020), "Adaptive Federated Optimization", https://arxiv.org/abs/2003.00295. This is Flower's FedAdagrad,
unmodified.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fl.strategies.info import EVERYBODY, Parameter, StrategyInfo

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAdagrad


def _make(settings: Mapping[str, float]) -> "FedAdagrad":
    from flwr.serverapp.strategy import FedAdagrad

    return FedAdagrad(**EVERYBODY, eta=settings["eta"], tau=settings["tau"])


INFO = StrategyInfo(
    name="fedadagrad",
    title="FedAdagrad",
    summary="Adapts the server's step to each weight, and slows down where much has moved.",
    paper="https://arxiv.org/abs/2003.00295",
    parameters=(
        Parameter(
            name="eta",
            title="Server learning rate η",
            default=0.03,
            low=1e-06,
            high=10.0,
            help="How far the server steps along the adapted direction; 0.001 to 0.1 is usual.",
        ),
        Parameter(
            name="tau",
            title="Adaptivity τ",
            default=0.001,
            low=1e-09,
            high=1.0,
            help="Keeps the divisor above zero; larger values adapt less to each weight. 0.001 is usual.",
        ),
    ),
    make=_make,
)
