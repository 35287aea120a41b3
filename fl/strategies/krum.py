"""One update of the round, the one nearest to its neighbours, becomes the global model.

Blanchard et al. (2017), "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent",
https://arxiv.org/abs/1703.02757. Flower's Krum; only the number of wrong sites is set anew in each round when nobody
gives it.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from fl.strategies.info import EVERYBODY, Parameter, StrategyInfo

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAvg


def _make(settings: Mapping[str, float]) -> "FedAvg":
    from flwr.app import ArrayRecord, Message, MetricRecord
    from flwr.serverapp.strategy import Krum

    from fl.strategies.bearable import bearable

    wrong = int(settings["malicious"])

    class MeasuredKrum(Krum):
        def aggregate_train(
            self, server_round: int, replies: Iterable[Message]
        ) -> tuple[ArrayRecord | None, MetricRecord | None]:
            came = list(replies)
            self.num_malicious_nodes = wrong or bearable(len(came), 2)
            return super().aggregate_train(server_round, came)

    return MeasuredKrum(**EVERYBODY)


INFO = StrategyInfo(
    name="krum",
    title="Krum",
    summary="Takes the one update that lies nearest to the others.",
    paper="https://arxiv.org/abs/1703.02757",
    parameters=(
        Parameter(
            name="malicious",
            title="Sites that may be wrong",
            default=0.0,
            low=0.0,
            high=1000.0,
            help="0 takes as many as the rule withstands: (updates − 3) / 2.",
            whole=True,
        ),
    ),
    make=_make,
    individual=True,
)
