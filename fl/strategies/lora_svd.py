"""Adapters by truncated singular value decomposition: the best of their rank for the mean of what sites have learnt.

Averaging the two factors of an adapter apart is not averaging adapters. Here the mean of the products is formed and
cut back to the rank, which leaves the least error that the rank allows: FlexLoRA, Bai et al. (2024),
https://arxiv.org/abs/2402.11505.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from data.table import FloatArray
from fl.strategies.info import StrategyInfo
from fl.strategies.rule import Round
from models.language.lora import joined_by_svd

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAvg


class LoraSvd:
    """The decomposed mean of the sites' adapters, each weighted by its rows."""

    def __init__(self) -> None:
        self.state: dict[str, NDArray[Any]] = {}

    def join(self, round: Round) -> tuple[FloatArray, str]:
        """Return the adapters."""
        return joined_by_svd(round.factors, round.weights, round.shares), ""


def _make(_settings: Mapping[str, float]) -> "FedAvg":
    from fl.strategies.ruled import Ruled

    return Ruled(LoraSvd())


INFO = StrategyInfo(
    name="lora_svd",
    title="Adapters by decomposition",
    summary="Averages what adapters do and cuts the mean back to their rank; for language tasks that train both.",
    paper="https://arxiv.org/abs/2402.11505",
    parameters=(),
    make=_make,
    adapters=True,
    individual=True,
)
