"""Federated averaging: the mean of the sites' weights, each weighted by its number of rows.

McMahan et al. (2017), "Communication-Efficient Learning of Deep Networks from Decentralized Data",
https://arxiv.org/abs/1602.05629. This is Flower's FedAvg, unmodified.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fl.strategies.info import EVERYBODY, StrategyInfo

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAvg


def _make(_settings: Mapping[str, float]) -> "FedAvg":
    from flwr.serverapp.strategy import FedAvg

    return FedAvg(**EVERYBODY)


INFO = StrategyInfo(
    name="fedavg",
    title="Federated averaging",
    summary="Averages the sites' weights by their number of rows.",
    paper="https://arxiv.org/abs/1602.05629",
    parameters=(),
    make=_make,
)
