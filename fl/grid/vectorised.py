"""The executor for many small sites: their networks are trained together, stacked into one (fl.together).

Every site still answers its own message through the ClientApp, so strategies, checks and faults see no difference.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from flwr.app import Message
from flwr.clientapp import ClientApp

from data.public import DataMissing
from data.vault import VaultError
from fl import client_app
from fl.client_app import Here, forget
from fl.course import Course
from fl.grid.in_process import InProcessGrid, position_of, run
from fl.local import network_of
from fl.request import RequestError
from fl.together import WEIGHTS_AT_ONCE, Rows, train_alone_together, train_together


def execute(course: Course, client: ClientApp) -> None:
    """Run the federation."""
    run(course, VectorisedGrid(client, course))


class VectorisedGrid(InProcessGrid):
    """Trains the sites of as many messages at once as memory allows, then lets each answer."""

    def __init__(self, client: ClientApp, course: Course) -> None:
        super().__init__(client, course)
        self._net = network_of(course.request.task)
        self._at_once = max(1, WEIGHTS_AT_ONCE // len(self._net.weights))
        self._joined: dict[tuple[int, ...], Rows] = {}  # of the last exchange

    def stream(self, messages: Sequence[Message], deadline: float = math.inf) -> Iterator[list[Message]]:
        """Yield the replies of sites that were trained together."""
        train = {"train": self._train, "train.alone": self._alone}.get(messages[0].metadata.message_type)
        if train is None:
            yield from super().stream(messages, deadline)
            return
        if self._samples:
            forget(but={position_of(message) for message in messages})
        for start in range(0, len(messages), self._at_once):
            some = messages[start : start + self._at_once]
            here = Here(self.stop)
            train(some, here)
            if deadline < math.inf:
                yield from self.in_threads(some, deadline, here)
            else:
                yield [self.answer(message, here) for message in some]

    def _train(self, messages: Sequence[Message], here: Here) -> None:
        began, able = time.perf_counter(), []
        for position in map(position_of, messages):
            with suppress(RequestError, VaultError, DataMissing):  # the site says so itself when it answers
                client_app.tensors(messages[0], position)
                able.append(position)
        if not able:
            return
        weights, losses = train_together(
            self._net,
            self._rows(messages[0], tuple(able)),
            client_app.starting_weights(messages[0]),
            client_app.recipe_of(messages[0]),
            seeds=[client_app.seed_for(messages[0], position) for position in able],
            stop=self.stop,
        )
        seconds = (time.perf_counter() - began) / len(able)
        here.trained.update((position, (weights[row], losses[row], seconds)) for row, position in enumerate(able))

    def _alone(self, messages: Sequence[Message], here: Here) -> None:
        able = {}
        for position in map(position_of, messages):
            with suppress(RequestError, VaultError, DataMissing):
                able[position] = client_app.rows(messages[0], position)
        if able:
            here.alone.update(train_alone_together(client_app.request_of(messages[0]), able, stop=self.stop))

    def _rows(self, message: Message, positions: tuple[int, ...]) -> Rows:
        if positions not in self._joined:
            if self._samples:
                self._joined = {}
            self._joined[positions] = Rows.of([client_app.tensors(message, position) for position in positions])
        return self._joined[positions]
