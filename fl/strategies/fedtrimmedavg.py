"""The mean of each weight after the highest and lowest values are cut off.

Yin et al. (2018), "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates",
https://arxiv.org/abs/1803.01498. This is Flower's FedTrimmedAvg, unmodified; every site counts the same.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fl.strategies.info import EVERYBODY, Parameter, StrategyInfo

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedTrimmedAvg


def _make(settings: Mapping[str, float]) -> "FedTrimmedAvg":
    from flwr.serverapp.strategy import FedTrimmedAvg

    return FedTrimmedAvg(**EVERYBODY, beta=settings["beta"])


INFO = StrategyInfo(
    name="fedtrimmedavg",
    title="Trimmed mean",
    summary="Cuts off the extreme values of every weight before it averages.",
    paper="https://arxiv.org/abs/1803.01498",
    parameters=(
        Parameter(
            name="beta",
            title="Part cut off at each end β",
            default=0.2,
            low=0.0,
            high=0.49,
            help="0.2 withstands a fifth of the sites; it should be at least the part of the sites that may be wrong.",
        ),
    ),
    make=_make,
    individual=True,
)
