"""Federated averaging with momentum at the server: earlier rounds' direction is kept in part.

Hsu, Qi and Brown (2019), "Measuring the Effects of Non-Identical Data Distribution for Federated Visual
Classification", https://arxiv.org/abs/1909.06335. This is Flower's FedAvgM, unmodified.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fl.strategies.info import EVERYBODY, Parameter, StrategyInfo

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAvgM


def _make(settings: Mapping[str, float]) -> "FedAvgM":
    from flwr.serverapp.strategy import FedAvgM

    return FedAvgM(
        **EVERYBODY, server_learning_rate=settings["server_learning_rate"], server_momentum=settings["server_momentum"]
    )


INFO = StrategyInfo(
    name="fedavgm",
    title="Averaging with momentum",
    summary="Averages, and goes on in the direction of earlier rounds: steadier where sites are unlike.",
    paper="https://arxiv.org/abs/1909.06335",
    parameters=(
        Parameter(
            name="server_learning_rate",
            title="Server learning rate",
            default=1.0,
            low=0.001,
            high=10.0,
            help="How much of the mean update is taken; 1 takes all of it.",
        ),
        Parameter(
            name="server_momentum",
            title="Server momentum",
            default=0.5,
            low=0.0,
            high=0.99,
            help="How much of the earlier direction is kept; 0 is federated averaging, 0.5 to 0.9 is usual.",
        ),
    ),
    make=_make,
)
