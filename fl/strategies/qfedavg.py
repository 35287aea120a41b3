"""Averaging that gives more weight to sites with a higher loss, so that no site is left behind.

Li et al. (2020), "Fair Resource Allocation in Federated Learning", https://openreview.net/pdf?id=ByexElSYDr. This is
Flower's QFedAvg, unmodified. It believes the loss that a site reports, so a site that lies about it gains weight.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fl.strategies.info import EVERYBODY, Parameter, StrategyInfo

if TYPE_CHECKING:
    from flwr.serverapp.strategy import QFedAvg


def _make(settings: Mapping[str, float]) -> "QFedAvg":
    from flwr.serverapp.strategy import QFedAvg

    return QFedAvg(**EVERYBODY, q=settings["q"], client_learning_rate=settings["client_learning_rate"])


INFO = StrategyInfo(
    name="qfedavg",
    title="q-FedAvg (fairness)",
    summary="Lets sites with a higher loss count more, for a fairer model.",
    paper="https://openreview.net/pdf?id=ByexElSYDr",
    parameters=(
        Parameter(
            name="q",
            title="Fairness q",
            default=0.1,
            low=0.0,
            high=10.0,
            help="0 counts all sites the same; the higher, the more a site with a high loss counts. 0.1 to 2 is usual.",
        ),
        Parameter(
            name="client_learning_rate",
            title="Step size 1 / L",
            default=1.0,
            low=1e-06,
            high=100.0,
            help="Stands for how curved the loss is; 1 suits sites that train with Adam.",
        ),
    ),
    make=_make,
    individual=True,
)
