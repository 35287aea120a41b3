"""The mean of the updates that lie nearest to their neighbours.

Blanchard et al. (2017), "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent",
https://arxiv.org/abs/1703.02757. Flower's MultiKrum; only the numbers of wrong sites and of chosen ones are set anew in
each round when nobody gives them.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from fl.strategies.info import EVERYBODY, Parameter, StrategyInfo

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAvg


def _make(settings: Mapping[str, float]) -> "FedAvg":
    from flwr.app import ArrayRecord, Message, MetricRecord
    from flwr.serverapp.strategy import MultiKrum

    from fl.strategies.bearable import bearable

    wrong, chosen = int(settings["malicious"]), int(settings["selected"])

    class MeasuredMultiKrum(MultiKrum):
        def aggregate_train(
            self, server_round: int, replies: Iterable[Message]
        ) -> tuple[ArrayRecord | None, MetricRecord | None]:
            came = list(replies)
            self.num_malicious_nodes = wrong or bearable(len(came), 2)
            self.num_nodes_to_select = chosen or max(1, len(came) - self.num_malicious_nodes)
            return super().aggregate_train(server_round, came)

    return MeasuredMultiKrum(**EVERYBODY)


INFO = StrategyInfo(
    name="multikrum",
    title="Multi-Krum",
    summary="Averages the updates that lie nearest to the others, and leaves out the rest.",
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
        Parameter(
            name="selected",
            title="Updates to average",
            default=0.0,
            low=0.0,
            high=10_000.0,
            help="How many of the nearest updates are averaged; 0 takes all but those that may be wrong.",
            whole=True,
        ),
    ),
    make=_make,
    individual=True,
)
