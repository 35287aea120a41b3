"""The Flower ClientApp: what a site does when it is asked. The same in simulation and in deployment.

A site keeps nothing that a message does not bring: the plan (the request as JSON text), the round, and the
preparation. What it has read and prepared is cached for the length of a run, so a warm round only computes.

Messages: ``query.medians`` and ``query.moments`` ask for what models.preparation combines, ``train`` for an update,
``train.alone`` for a model that this site trains without the others, to measure its benefit.
"""

import time
from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Error, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from numpy.typing import NDArray
from torch import Tensor

from data.table import Dataset, FloatArray
from fl import sites
from fl.checks import failure_reason
from fl.grid.flower import LiveArray
from fl.local import Recipe, network_of, seed_of, tensors_of, train, train_alone
from fl.request import RequestError, RunRequest
from fl.watcher import Cancelled, Stop
from models.preparation import Preparation, fill_gaps, medians, moments
from models.registry import get_task
from models.task import Task

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
    own = _rows(_plan(message), _position(context))
    values, counts = medians(own.rows.x)
    found = {"medians": values, "counts": counts}
    return _answer(found, {"num-examples": len(own.rows), "left-out": own.left_out}, context)


@app.query("moments")
@_replies
def _moments(message: Message, context: Context) -> RecordDict:
    own = rows(message, _position(context))
    fill = message.content.array_records["arrays"]["fill"].numpy()
    count, sums, squares = moments(fill_gaps(_task(_plan(message)), own.x, fill))
    return _answer({"sums": sums, "squares": squares}, {"num-examples": int(count)}, context)


@app.train()
@_replies
def _train(message: Message, context: Context) -> RecordDict:
    position = _position(context)
    x, y = tensors(message, position)
    if (here := HERE.get()) and position in here.trained:
        weights, loss, seconds = here.trained.pop(position)
    else:
        began, net = time.perf_counter(), network_of(request_of(message).task)
        start, stop = starting_weights(message), here.stop if here else None
        loss = train(net, x, y, start, recipe_of(message), seed=seed_for(message, position), stop=stop)
        weights, seconds = net.take(), time.perf_counter() - began
    metrics = {"num-examples": len(y), "train_loss": loss, "seconds": seconds}
    return _answer({"weights": weights}, metrics, context)


@app.train("alone")
@_replies
def _alone(message: Message, context: Context) -> RecordDict:
    position = _position(context)
    own_rows = rows(message, position)
    if (here := HERE.get()) and position in here.alone:
        weights, own = here.alone.pop(position)
    else:
        stop = here.stop if here else None
        weights, own = train_alone(request_of(message), own_rows, position=position, stop=stop)
    found = {"weights": weights, "fill": own.fill, "mean": own.mean, "scale": own.scale}
    return _answer(found, {"num-examples": len(own_rows)}, context)


def request_of(message: Message) -> RunRequest:
    """Return the request that a message belongs to."""
    return _request(_plan(message))


def recipe_of(message: Message) -> Recipe:
    """Return how a train message wants sites to train."""
    config = message.content.config_records["config"]
    request, mu = request_of(message), float(config.get("proximal-mu", 0.0))  # type: ignore[arg-type]
    return Recipe.of(request, _task(request.plan), round_of(message), mu)


def round_of(message: Message) -> int:
    """Return the round of a train message, from 1."""
    return int(message.content.config_records["config"]["server-round"])  # type: ignore[arg-type]


def seed_for(message: Message, position: int) -> int:
    """Return the seed of the training that a train message asks of the site at ``position``."""
    return seed_of(request_of(message).seed, round_of(message), position)


def starting_weights(message: Message) -> FloatArray:
    """Return the (p,) global weights of a train message."""
    weights: FloatArray = message.content.array_records["arrays"]["weights"].numpy()
    return weights


def rows(message: Message, position: int) -> Dataset:
    """Return the rows of the site at ``position``; raises as ``tensors`` does."""
    return _rows(_plan(message), position).rows


def tensors(message: Message, position: int) -> tuple[Tensor, Tensor]:
    """Return the (n, f) features and (n,) labels that a train message lets the site at ``position`` train on.

    Raises
    ------
    fl.request.RequestError, data.vault.VaultError
        When the site has no rows, or cannot open them.
    """
    config, key = message.content.config_records["config"], (_plan(message), position)
    parts: tuple[bytes, ...] = tuple(config[name] for name in PREPARATION)  # type: ignore[misc]
    if key not in _TENSORS or _TENSORS[key][0] != parts:
        preparation = Preparation(*(np.frombuffer(part, dtype="<f4") for part in parts))
        _TENSORS[key] = parts, tensors_of(_task(key[0]), _rows(*key).rows, preparation)
    return _TENSORS[key][1]


PREPARATION = ("fill", "mean", "scale")


def pack(preparation: Preparation) -> dict[str, bytes]:
    """Return a preparation as the bytes that a train message carries."""
    return {name: getattr(preparation, name).astype("<f4").tobytes() for name in PREPARATION}


_ROWS: dict[tuple[str, int], sites.SiteRows] = {}
_TENSORS: dict[tuple[str, int], tuple[tuple[bytes, ...], tuple[Tensor, Tensor]]] = {}


def forget(but: Collection[int] = ()) -> None:
    """Drop the rows this process holds, except those of some positions; called when a run ends, or samples sites."""
    for held in (_ROWS, _TENSORS):
        for key in [key for key in held if key[1] not in but]:
            held.pop(key, None)


@lru_cache(maxsize=16)
def _request(plan: str) -> RunRequest:
    return RunRequest.from_json(plan)


@lru_cache(maxsize=16)
def _task(plan: str) -> Task:
    return get_task(_request(plan).task)


def _rows(plan: str, position: int) -> sites.SiteRows:
    key = plan, position
    if key not in _ROWS:
        own = sites.rows_of(_request(plan), position)
        if not len(own.rows):
            raise RequestError("it has no rows left to train on: all of them are held out for scoring")
        _ROWS[key] = own
    return _ROWS[key]


def _plan(message: Message) -> str:
    return str(message.content.config_records["config"]["plan"])


def _position(context: Context) -> int:
    return int(context.node_config["partition-id"])


def _answer(arrays: Mapping[str, NDArray[Any]], metrics: Mapping[str, int | float], context: Context) -> RecordDict:
    array = LiveArray if HERE.get() else Array
    record = ArrayRecord()
    for name, values in arrays.items():
        record[name] = array(values)
    return RecordDict({"arrays": record, "metrics": MetricRecord({**metrics, "site": _position(context)})})
