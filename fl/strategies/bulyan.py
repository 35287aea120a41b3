"""Multi-Krum chooses updates, then each weight is the mean of the values nearest to their median.

El Mhamdi, Guerraoui and Rouault (2018), "The Hidden Vulnerability of Distributed Learning in Byzantium",
https://arxiv.org/abs/1802.07927. Flower's Bulyan; only the number of wrong sites is set anew in each round when nobody
gives it. With fewer than 4f + 3 updates the round leaves the global model as it is, and the run says so.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from fl.strategies.info import EVERYBODY, Parameter, StrategyInfo

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAvg


def _make(settings: Mapping[str, float]) -> "FedAvg":
    from flwr.app import ArrayRecord, Message, MetricRecord
    from flwr.serverapp.strategy import Bulyan

    from fl.strategies.bearable import bearable

    wrong = int(settings["malicious"])

    class MeasuredBulyan(Bulyan):
        def aggregate_train(
            self, server_round: int, replies: Iterable[Message]
        ) -> tuple[ArrayRecord | None, MetricRecord | None]:
            came = list(replies)
            self.num_malicious_nodes = wrong or bearable(len(came), 4)
            return super().aggregate_train(server_round, came)

    return MeasuredBulyan(**EVERYBODY)


INFO = StrategyInfo(
    name="bulyan",
    title="Bulyan",
    summary="Chooses like Multi-Krum, then trims every weight: strict, and in need of many sites.",
    paper="https://arxiv.org/abs/1802.07927",
    parameters=(
        Parameter(
            name="malicious",
            title="Sites that may be wrong",
            default=0.0,
            low=0.0,
            high=1000.0,
            help="It withstands f wrong sites if 4f + 3 answer; 0 takes as many as that allows.",
            whole=True,
        ),
    ),
    make=_make,
    individual=True,
)
