"""The Flower ClientApp: what a site does when it is asked. The same in simulation and in deployment.

Messages: ``query.medians`` and ``query.moments`` ask for what models.preparation combines, ``train`` for an update,
``train.alone`` for a model that this site trains without the others, to measure its benefit, ``train.personal`` for
how much better the finished model does after some training here.
"""

import math
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Error, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from numpy.typing import NDArray
from torch import Tensor

from data.table import FloatArray
from fl.assignment import Assignment, assignment
from fl.checks import failure_reason
from fl.grid.flower import LiveArray, LiveContent
from fl.local import FlatNetwork, Recipe, network_of, train, train_alone
from fl.privacy.examples import train_privately
from fl.privacy.guard import check_site
from fl.privacy.update import clipped_update
from fl.request import RequestError
from fl.sites import attack_of
from fl.watcher import Cancelled, Stop
from models.preparation import Preparation, fill_gaps, medians, moments

if TYPE_CHECKING:
    from fl.privacy.secure_site import Site

FAILED = 2  # error code of a reply: the ClientApp raised

app = ClientApp()


@dataclass(frozen=True)
class Here:
    """What an executor that computes in the caller's own process gives its sites.

    Parameters
    ----------
    stop : looked at between batches.
    trained : position → weights, loss and seconds of sites that it has trained together already.
    alone : position → weights and preparation of sites trained together, each without the others.
    """

    stop: Stop
    trained: dict[int, tuple[FloatArray, float, float]] = field(default_factory=dict)
    alone: dict[int, tuple[FloatArray, Preparation]] = field(default_factory=dict)


HERE: ContextVar[Here | None] = ContextVar("HERE", default=None)

Answer = Callable[[Message, Context], RecordDict]


def _replies(answer: Answer) -> Callable[[Message, Context], Message]:
    """Turn an answer into a reply, and a failure into an error reply with a sentence."""

    @wraps(answer)
    def reply(message: Message, context: Context) -> Message:
        try:
            return Message(answer(message, context), reply_to=message)
        except Cancelled:
            raise
        except Exception as error:
            return Message(Error(FAILED, failure_reason(error)), reply_to=message)

    return reply


@app.query("medians")
@_replies
def _medians(message: Message, context: Context) -> RecordDict:
    asked = assignment(message)
    own = asked.held(_position(context))
    nothing = np.zeros(0)  # tokens of a text have no median, and it would tell something of them
    values, counts = medians(own.rows.x) if asked.task.standardised else (nothing, nothing)
    found = {"medians": values, "counts": counts}
    told = {"num-examples": len(own.rows), "positives": int((own.rows.y > 0).sum()), "left-out": own.left_out}
    return _answer(found, told)


@app.query("moments")
@_replies
def _moments(message: Message, context: Context) -> RecordDict:
    asked = assignment(message)
    filled = fill_gaps(asked.task, asked.rows(_position(context)).x, asked.array("fill"))
    count, sums, squares = moments(filled)
    return _answer({"sums": sums, "squares": squares}, {"num-examples": int(count)})


@app.train()
@_replies
def _train(message: Message, context: Context) -> RecordDict:
    asked, position = assignment(message), _position(context)
    x, y = asked.tensors(position)
    if (here := HERE.get()) and position in here.trained:
        weights, loss, seconds = here.trained.pop(position)
    else:
        began, net = time.perf_counter(), network_of(asked.request.task)
        stop = here.stop if here else None
        loss = _learn(net, asked, position, (x, y), stop)
        weights, seconds = net.take(), time.perf_counter() - began
    if attack := attack_of(asked.request, position):
        of_round = {"seed": asked.request.seed, "round": asked.round, "position": position}
        weights, loss = attack.update(asked.start, weights, loss, **of_round)
    if asked.request.dp_epsilon and asked.request.dp_level == "client":
        weights = clipped_update(weights, asked.start, asked.request.dp_clip)
    if asked.request.secure_aggregation:
        return _masked(asked, context, weights, len(y), seconds)
    metrics: dict[str, int | float] = {"num-examples": len(y), "train_loss": loss, "seconds": seconds}
    if asked.request.private:
        del metrics["train_loss"]  # no noise would cover it
    return _answer({"weights": weights}, metrics)


def _masked(asked: Assignment, context: Context, weights: FloatArray, rows: int, seconds: float) -> RecordDict:
    """Return an update that only the sum of all gives back; neither rows nor loss go with it."""
    position, request = _position(context), asked.request
    alike = bool(request.dp_epsilon) or request.strategy == "equal"
    masked = _secure(context).masked(weights - asked.start, rows, asked.seed(position), alike=alike)
    return _answer({"weights": masked}, {"seconds": seconds})


@app.query("secure_keys")
@_replies
def _secure_keys(message: Message, context: Context) -> RecordDict:
    return _secure(context).keys(message.content.config_records["secure"])


@app.query("secure_shares")
@_replies
def _secure_shares(message: Message, context: Context) -> RecordDict:
    return _secure(context).shares(message.content.config_records["secure"])


@app.query("secure_deliver")
@_replies
def _secure_deliver(message: Message, context: Context) -> RecordDict:
    return _secure(context).deliver(message.content.config_records["secure"])


@app.query("secure_unmask")
@_replies
def _secure_unmask(message: Message, context: Context) -> RecordDict:
    return _secure(context).unmask(message.content.config_records["secure"])


def _secure(context: Context) -> "Site":
    from fl.privacy.secure_site import Site  # only then: a run without it need not load its cryptography

    return Site(context, _position(context))


def _learn(net: FlatNetwork, asked: Assignment, position: int, rows: tuple[Tensor, Tensor], stop: Stop | None) -> float:
    """Train for a round; return the mean loss, NaN where it must not be known."""
    x, y = rows
    request, seed = asked.request, asked.seed(position)
    if not request.dp_epsilon or request.dp_level != "example":
        return train(net, x, y, asked.start, asked.recipe, seed=seed, stop=stop, pull=asked.pull)
    budget = check_site(request, len(y), asked.round)
    train_privately(net, x, y, asked.start, asked.recipe, budget, clip=request.dp_clip, seed=seed, stop=stop)
    return math.nan


@app.train("alone")
@_replies
def _alone(message: Message, context: Context) -> RecordDict:
    asked, position = assignment(message), _position(context)
    rows = asked.rows(position)
    if (here := HERE.get()) and position in here.alone:
        weights, own = here.alone.pop(position)
    else:
        weights, own = train_alone(asked.request, rows, position=position, stop=here.stop if here else None)
    found = {"weights": weights, "fill": own.fill, "mean": own.mean, "scale": own.scale}
    return _answer(found, {"num-examples": len(rows)})


@app.train("personal")
@_replies
def _personal(message: Message, context: Context) -> RecordDict:
    from fl import personal

    asked, position, here = assignment(message), _position(context), HERE.get()
    own, request = asked.held(position), asked.request
    if own.aside is None or not len(own.aside):
        raise RequestError(f"it has {len(own.rows)} rows, too few to set some aside to measure by")
    recipe = replace(Recipe.of(request, asked.task, asked.round), epochs=request.personal, steps=0)
    net, stop = network_of(request.task), here.stop if here else None
    train(net, *asked.tensors(position), asked.start, recipe, seed=asked.seed(position), stop=stop)
    scores = personal.compared(asked.task, asked.preparation_at(position), own.aside, asked.start, net.take())
    return _answer({"scores": scores}, {"num-examples": len(own.aside)})


def _position(context: Context) -> int:
    return int(context.node_config["partition-id"])


def _answer(arrays: Mapping[str, NDArray[Any]], metrics: Mapping[str, int | float]) -> RecordDict:
    if HERE.get():
        return LiveContent({name: LiveArray(values) for name, values in arrays.items()}, metrics)
    record, content = ArrayRecord(), RecordDict()
    for name, values in arrays.items():
        record[name] = Array(values)
    content["arrays"], content["metrics"] = record, MetricRecord(dict(metrics))
    return content
