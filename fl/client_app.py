"""The Flower ClientApp: what a site does when it is asked. The same in simulation and in deployment.

A site keeps nothing that a message does not bring: the plan (the request as JSON text), the round, and the
preparation. What it has read and prepared is cached for the length of a run, so a warm round only computes.

Messages: ``query.medians`` and ``query.moments`` ask for what models.preparation combines, ``train`` for an update,
``train.alone`` for a model that this site trains without the others, to measure its benefit.
"""

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Error, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from numpy.typing import NDArray
from torch import Tensor

from fl import sites
from fl.checks import failure_reason
from fl.local import Recipe, network_of, seed_of, tensors_of, train, train_alone
from fl.request import RequestError, RunRequest
from fl.watcher import Cancelled, Stop
from models.preparation import Preparation, fill_gaps, medians, moments
from models.registry import get_task
from models.task import Task

FAILED = 2  # error code of a reply: the ClientApp raised

app = ClientApp()

# Set by an executor that computes in the caller's own process, so that training looks at the flag between batches.
STOP: ContextVar[Stop | None] = ContextVar("STOP", default=None)

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
    rows = _rows(_plan(message), _position(context)).rows
    fill = message.content.array_records["arrays"]["fill"].numpy()
    count, sums, squares = moments(fill_gaps(_task(_plan(message)), rows.x, fill))
    return _answer({"sums": sums, "squares": squares}, {"num-examples": int(count)}, context)


@app.train()
@_replies
def _train(message: Message, context: Context) -> RecordDict:
    began = time.perf_counter()
    config = message.content.config_records["config"]
    plan, position, round = _plan(message), _position(context), int(config["server-round"])  # type: ignore[arg-type]
    request = _request(plan)
    x, y = _tensors(plan, position, *(config[name] for name in PREPARATION))  # type: ignore[arg-type]
    net = network_of(request.task)
    mu = float(config.get("proximal-mu", 0.0))  # type: ignore[arg-type]
    recipe = Recipe.of(request, _task(plan), round, mu)
    start = message.content.array_records["arrays"]["weights"].numpy()
    loss = train(net, x, y, start, recipe, seed=seed_of(request.seed, round, position), stop=STOP.get())
    metrics = {"num-examples": len(y), "train_loss": loss, "seconds": time.perf_counter() - began}
    return _answer({"weights": net.take()}, metrics, context)


@app.train("alone")
@_replies
def _alone(message: Message, context: Context) -> RecordDict:
    plan, position = _plan(message), _position(context)
    rows = _rows(plan, position).rows
    weights, own = train_alone(_request(plan), rows, position=position, stop=STOP.get())
    found = {"weights": weights, "fill": own.fill, "mean": own.mean, "scale": own.scale}
    return _answer(found, {"num-examples": len(rows)}, context)


PREPARATION = ("fill", "mean", "scale")


def pack(preparation: Preparation) -> dict[str, bytes]:
    """Return a preparation as the bytes that a train message carries."""
    return {name: getattr(preparation, name).astype("<f4").tobytes() for name in PREPARATION}


def forget() -> None:
    """Drop every row this process holds; called when a run ends."""
    _rows.cache_clear()
    _tensors.cache_clear()


@lru_cache(maxsize=16)
def _request(plan: str) -> RunRequest:
    return RunRequest.from_json(plan)


@lru_cache(maxsize=16)
def _task(plan: str) -> Task:
    return get_task(_request(plan).task)


@lru_cache(maxsize=2048)
def _rows(plan: str, position: int) -> sites.SiteRows:
    own = sites.rows_of(_request(plan), position)
    if not len(own.rows):
        raise RequestError("it has no rows left to train on: all of them are held out for scoring")
    return own


@lru_cache(maxsize=2048)
def _tensors(plan: str, position: int, fill: bytes, mean: bytes, scale: bytes) -> tuple[Tensor, Tensor]:
    preparation = Preparation(*(np.frombuffer(part, dtype="<f4") for part in (fill, mean, scale)))
    return tensors_of(_task(plan), _rows(plan, position).rows, preparation)


def _plan(message: Message) -> str:
    return str(message.content.config_records["config"]["plan"])


def _position(context: Context) -> int:
    return int(context.node_config["partition-id"])


def _answer(arrays: Mapping[str, NDArray[Any]], metrics: Mapping[str, int | float], context: Context) -> RecordDict:
    return RecordDict(
        {
            "arrays": ArrayRecord({name: Array(values) for name, values in arrays.items()}),
            "metrics": MetricRecord({**metrics, "site": _position(context)}),
        }
    )
