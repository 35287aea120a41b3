"""The median of the sites' weights, each coordinate by itself: fewer than half of the sites cannot move it far.

Yin et al. (2018), "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates",
https://arxiv.org/abs/1803.01498. This is Flower's FedMedian, unmodified; every site counts the same.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fl.strategies.info import EVERYBODY, StrategyInfo

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedMedian


def _make(_settings: Mapping[str, float]) -> "FedMedian":
    from flwr.serverapp.strategy import FedMedian

    return FedMedian(**EVERYBODY)


INFO = StrategyInfo(
    name="fedmedian",
    title="Median",
    summary="Takes the median of every weight: a minority of wrong sites cannot move it far.",
    paper="https://arxiv.org/abs/1803.01498",
    parameters=(),
    make=_make,
    individual=True,
)
