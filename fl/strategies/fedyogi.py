"""Yogi at the server: like Adam, but the memory of sizes grows and shrinks by bounded steps.

Reddi et al. (2020), "Adaptive Federated Optimization", https://arxiv.org/abs/2003.00295. This is Flower's FedYogi,
unmodified.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fl.strategies.info import EVERYBODY, Parameter, StrategyInfo

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedYogi


def _make(settings: Mapping[str, float]) -> "FedYogi":
    from flwr.serverapp.strategy import FedYogi

    return FedYogi(
        **EVERYBODY,
        eta=settings["eta"],
        beta_1=settings["beta_1"],
        beta_2=settings["beta_2"],
        tau=settings["tau"],
    )


INFO = StrategyInfo(
    name="fedyogi",
    title="FedYogi",
    summary="Like FedAdam, with a step that does not grow suddenly after quiet rounds.",
    paper="https://arxiv.org/abs/2003.00295",
    parameters=(
        Parameter(
            name="eta",
            title="Server learning rate η",
            default=0.01,
            low=1e-06,
            high=10.0,
            help="How far the server steps along the adapted direction; 0.001 to 0.1 is usual.",
        ),
        Parameter(
            name="beta_1",
            title="Momentum β₁",
            default=0.9,
            low=0.0,
            high=0.999,
            help="How much of the earlier direction is kept; 0.9 is usual.",
        ),
        Parameter(
            name="beta_2",
            title="Memory β₂",
            default=0.99,
            low=0.0,
            high=0.9999,
            help="How slowly the size of earlier updates is forgotten; 0.99 is usual.",
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
