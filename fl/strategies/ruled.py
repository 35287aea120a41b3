"""A rule of MedHive behind Flower's interface."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg
from numpy.typing import NDArray

from data.table import FloatArray
from fl.grid.flower import values_of
from fl.strategies.info import EVERYBODY
from fl.strategies.rule import Correcting, Judge, Round, Rule
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
        self._learned = 0
        self._start: FloatArray = np.zeros(0, dtype=np.float32)

    def meet(
        self, sites: Mapping[int, SiteInfo], judge: Judge, factors: Sequence[Factors] = (), learned: int = 0
    ) -> None:
        """Learn which node is which site and what measures models on rows of the server; the rest as in Round."""
        self._sites, self._judge, self._factors, self._learned = sites, judge, factors, learned

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Ask every site, as federated averaging does, and remember what they start from."""
        self._start = arrays["weights"].numpy()
        messages = super().configure_train(server_round, arrays, config, grid)
        return self._corrected(messages, self.rule) if isinstance(self.rule, Correcting) else messages

    def _corrected(self, messages: Iterable[Message], rule: Correcting) -> Iterator[Message]:
        """Give each message what the rule has for that site only."""
        for message in messages:
            config = ConfigRecord({**message.content.config_records["config"], "proximal-mu": rule.proximal_mu})
            pull = rule.pull(self._sites[message.metadata.dst_node_id].position)
            arrays = dict(message.content.array_records["arrays"])
            if pull is not None:
                arrays["pull"] = Array(pull)
            message.content = RecordDict({"arrays": ArrayRecord(arrays), "config": config})
            yield message

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
            learned=self._learned,
        )
        joined, self.said = self.rule.join(present)
        return ArrayRecord({"weights": Array(joined)}), MetricRecord()


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else float("nan")


def _nobody(_weights: FloatArray) -> NDArray[np.float64]:
    raise RuntimeError("the strategy has not met its sites")
