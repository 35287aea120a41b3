"""Sites that misbehave: a ClientApp around the real one, given to ``federate(client=...)``.

It lies in a module of its own, so that Ray's actors can import what it refers to.
"""

import os
import time
from collections.abc import Callable, Mapping

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Message
from flwr.clientapp import ClientApp

from fl import client_app
from fl.client_app import app

Fault = Callable[[Message], None]


def weights_set_to(value: float) -> Fault:
    def spoil(reply: Message) -> None:
        weights = reply.content.array_records["arrays"]["weights"].numpy().copy()
        weights[7] = value
        reply.content["arrays"] = ArrayRecord({"weights": Array(weights)})

    return spoil


def all_weights(value: float) -> Fault:
    def spoil(reply: Message) -> None:
        size = reply.content.array_records["arrays"]["weights"].numpy().size
        reply.content["arrays"] = ArrayRecord({"weights": Array(np.full(size, value, dtype=np.float32))})

    return spoil


def wrong_shape(reply: Message) -> None:
    reply.content["arrays"] = ArrayRecord({"weights": Array(np.zeros(3, dtype=np.float32))})


def no_weights(reply: Message) -> None:
    reply.content["arrays"] = ArrayRecord({})


def examples(count: int) -> Fault:
    def spoil(reply: Message) -> None:
        reply.content.metric_records["metrics"]["num-examples"] = count

    return spoil


def scaled(factor: float) -> Fault:
    """Send the update this many times as large, measured from zero weights."""

    def spoil(reply: Message) -> None:
        weights = reply.content.array_records["arrays"]["weights"].numpy()
        reply.content["arrays"] = ArrayRecord({"weights": Array(weights * np.float32(factor))})

    return spoil


def other_dtype(reply: Message) -> None:
    weights = reply.content.array_records["arrays"]["weights"].numpy()
    reply.content["arrays"] = ArrayRecord({"weights": Array(weights.astype(np.float64))})


def first_sent_again() -> Fault:
    """Send the update of the first round in every round."""
    kept: list[Array] = []

    def spoil(reply: Message) -> None:
        kept.append(Array(reply.content.array_records["arrays"]["weights"].numpy()))
        reply.content["arrays"] = ArrayRecord({"weights": kept[0]})

    return spoil


def hangs(seconds: float) -> Fault:
    def spoil(reply: Message) -> None:
        time.sleep(seconds)

    return spoil


def raises(reply: Message) -> None:
    raise ValueError("patient 17 has a fever")


def dies(reply: Message) -> None:
    os._exit(1)


def client_with(faults: Mapping[int, Fault], rounds: tuple[int, ...] = (1, 2, 3)) -> ClientApp:
    """Return a ClientApp whose sites at these positions spoil their update in these rounds."""
    bad = ClientApp()
    _pass_on(bad)

    @bad.train()
    def train(message: Message, context: Context) -> Message:
        reply = app(message, context)
        fault = faults.get(int(context.node_config["partition-id"]))
        if fault and int(message.content.config_records["config"]["server-round"]) in rounds:  # type: ignore[arg-type]
            fault(reply)
        return reply

    return bad


def slow_client(kind: str, *, stubborn: bool = False) -> ClientApp:
    """Return a ClientApp that takes a minute over messages of this kind, and looks at the stop flag unless stubborn."""
    slow = ClientApp()

    def wait(message: Message, context: Context) -> Message:
        for _ in range(600):
            if (here := client_app.HERE.get()) and not stubborn:
                here.stop.check()
            time.sleep(0.1)
        return app(message, context)

    for name, register in (
        ("query.medians", slow.query("medians")),
        ("query.moments", slow.query("moments")),
        ("train", slow.train()),
        ("train.alone", slow.train("alone")),
    ):
        register(wait if name == kind else _plain)
    return slow


def _plain(message: Message, context: Context) -> Message:
    return app(message, context)


def _pass_on(client: ClientApp) -> None:
    client.query("medians")(_plain)
    client.query("moments")(_plain)
    client.train("alone")(_plain)
    client.train("personal")(_plain)
