"""A rule of MedHive behind Flower's interface."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg
from numpy.typing import NDArray

from data.table import FloatArray
from fl.grid.flower import values_of
from fl.strategies.info import EVERYBODY
from fl.strategies.rule import Judge, Round, Rule
from fl.watcher import SiteInfo
from models.language.lora import Factors


class Ruled(FedAvg):
    """Federated averaging in which ``rule`` joins the updates; ``meet`` is called before the first round.

    Attributes
    ----------
    said : the rule's sentence about the last round, empty for none.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__(**EVERYBODY)
        self.rule = rule
        self.said = ""
        self._sites: Mapping[int, SiteInfo] = {}
        self._judge: Judge = _nobody
        self._factors: Sequence[Factors] = ()
        self._start: FloatArray = np.zeros(0, dtype=np.float32)

    def meet(self, sites: Mapping[int, SiteInfo], judge: Judge, factors: Sequence[Factors] = ()) -> None:
        """Learn which node is which site, what measures models on rows of the server, and where adapters are."""
        self._sites, self._judge, self._factors = sites, judge, factors

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Ask every site, as federated averaging does, and remember what they start from."""
        self._start = arrays["weights"].numpy()
        return super().configure_train(server_round, arrays, config, grid)

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Let the rule join the updates."""
        valid, _ = self._check_and_log_replies(replies, is_train=True)
        if not valid:
            return None, None
        sites = [self._sites[reply.metadata.src_node_id] for reply in valid]
        metrics = [reply.content.metric_records["metrics"] for reply in valid]
        weights = np.stack([values_of(reply.content.array_records["arrays"]["weights"]) for reply in valid])
        present = Round(
            number=server_round,
            start=self._start,
            weights=weights,
            counts=np.array([own["num-examples"] for own in metrics], dtype=np.float64),
            told=np.array([_number(own.get("train_loss")) for own in metrics]),
            positions=[site.position for site in sites],
            names=[site.name for site in sites],
            sites=len(self._sites),
            judge=self._judge,
            factors=self._factors,
        )
        joined, self.said = self.rule.join(present)
        return ArrayRecord({"weights": Array(joined)}), MetricRecord()


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else float("nan")


def _nobody(_weights: FloatArray) -> NDArray[np.float64]:
    raise RuntimeError("the strategy has not met its sites")
