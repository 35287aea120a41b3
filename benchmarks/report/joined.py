"""The same updates of the same sites, joined by each rule; and what an update counts in what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flwr.app import Context, Message
from numpy.typing import NDArray

from data.table import FloatArray
from fl import client_app
from fl.federation import federate
from fl.grid.flower import values_of
from fl.local import network_of
from fl.request import RunRequest
from fl.server_app import ServerRows
from fl.sites import roster
from fl.strategies.agentic import Agentic
from fl.strategies.equal import Equal
from fl.strategies.rule import Round, mean
from fl.watcher import RoundResult, Silent, Snapshot, Stop
from models.preparation import Preparation

RULES = {"equal": "naive (equal weights)", "fedavg": "weighted by rows", "agentic": "agentic"}

Array = NDArray[np.float64]


@dataclass
class Sent:
    """Stands for the sites, and keeps what each sent last: position → weights, rows and loss."""

    last: dict[int, tuple[FloatArray, float, float]] = field(default_factory=dict)

    def __call__(self, message: Message, context: Context) -> Message:
        """Answer as a site does."""
        reply = client_app.app(message, context)
        if message.metadata.message_type == "train" and not reply.has_error():
            told: dict[str, Any] = dict(reply.content.metric_records["metrics"])
            weights = np.array(values_of(reply.content.array_records["arrays"]["weights"]), dtype=np.float32)
            position = int(context.node_config["partition-id"])
            self.last[position] = weights, float(told["num-examples"]), float(told["train_loss"])
        return reply


@dataclass
class Kept(Silent):
    """Keeps the rounds and the weights before the last one. ``told`` hears of every round."""

    told: Callable[[RoundResult], None]
    rounds: list[RoundResult] = field(default_factory=list)
    before: FloatArray | None = None
    _last: FloatArray | None = None

    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None:
        """Keep a round."""
        self.rounds.append(result)
        self.before, self._last = self._last, snapshot.weights
        self.told(result)


@dataclass(frozen=True)
class Joined:
    """What one rule made of the updates.

    Parameters
    ----------
    weights : of the model.
    parts : site → what its update counts.
    said : the rule's sentence, empty for none.
    """

    weights: FloatArray
    parts: dict[str, float]
    said: str


@dataclass(frozen=True)
class Trained:
    """A federated run by weighted averaging, and its last updates joined by every rule."""

    request: RunRequest
    rounds: list[RoundResult]
    joined: dict[str, Joined]


def train(request: RunRequest, told: Callable[[RoundResult], None]) -> Trained:
    """Run ``request``, tell of every round, and join the updates of the last one by each of ``RULES``."""
    kept, sent = Kept(told), Sent()
    federate(request, watcher=kept, stop=Stop(), client=sent)  # type: ignore[arg-type]  # all that is asked of a ClientApp is to be called
    return Trained(request, kept.rounds, join(request, kept, sent))


def join(request: RunRequest, kept: Kept, sent: Sent) -> dict[str, Joined]:
    """Return what each rule makes of what was sent last."""
    assert kept.before is not None
    sites, positions = roster(request), sorted(sent.last)
    weights, counts, told = zip(*(sent.last[position] for position in positions), strict=True)
    last = Round(
        number=kept.rounds[-1].round,
        start=kept.before,
        weights=np.stack(weights),
        counts=np.array(counts),
        told=np.array(told),
        positions=positions,
        names=[sites[position].name for position in positions],
        sites=len(sites),
        judge=ServerRows(request.task, Preparation.none()).losses,
        factors=getattr(network_of(request.task).network, "factors", ()),
    )
    rules = {"equal": Equal().join, "fedavg": lambda here: (mean(here, here.shares), ""), "agentic": Agentic().join}
    found = {}
    for name in RULES:
        made, said = rules[name](last)
        found[name] = Joined(made, dict(zip(last.names, counted(last, made).tolist(), strict=True)), said)
    return found


def counted(last: Round, made: FloatArray) -> Array:
    """Return (s,) what each update counts in the (p,) weights made of them, by least squares."""
    moves = (last.weights - last.start).astype(np.float64)
    found = np.linalg.lstsq(moves.T, (made - last.start).astype(np.float64), rcond=None)[0]
    return found.astype(np.float64)
