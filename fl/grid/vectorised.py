"""The executor for many small sites: their networks are trained together, stacked into one (fl.together).

Every site still answers its own message through the ClientApp, so strategies, checks and faults see no difference.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from flwr.app import Message
from flwr.clientapp import ClientApp

from data.public import DataMissing
from data.table import FloatArray
from data.vault import VaultError
from fl.assignment import Assignment, assignment, forget
from fl.client_app import Here
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
        self._joined: dict[tuple[int, ...], tuple[tuple[int, ...], Rows | None]] = {}  # asked → able, and their rows

    def stream(self, messages: Sequence[Message], deadline: float = math.inf) -> Iterator[list[Message]]:
        """Yield the replies of sites that were trained together."""
        train = {"train": self._train, "train.alone": self._alone}.get(messages[0].metadata.message_type)
        if train is None:
            yield from super().stream(messages, deadline)
            return
        for start in range(0, len(messages), self._at_once):
            some = messages[start : start + self._at_once]
            here = Here(self.stop)
            train({position_of(message): assignment(message) for message in some}, here)
            if deadline < math.inf:
                yield from self.in_threads(some, deadline, here)
            else:
                yield [self.answer(message, here) for message in some]
            if self.samples:
                forget()
                self._joined = {}

    def _train(self, messages: Mapping[int, Assignment], here: Here) -> None:
        began, asked = time.perf_counter(), next(iter(messages.values()))
        able, rows = self._rows(asked, tuple(messages))
        if rows is None:
            return
        seeds = [asked.seed(position) for position in able]
        pull = _pulls([messages[position].pull for position in able])
        weights, losses = train_together(
            self._net, rows, asked.start, asked.recipe, seeds=seeds, stop=self.stop, pull=pull
        )
        seconds = (time.perf_counter() - began) / len(able)
        here.trained.update((position, (weights[row], losses[row], seconds)) for row, position in enumerate(able))

    def _alone(self, messages: Mapping[int, Assignment], here: Here) -> None:
        asked = next(iter(messages.values()))
        able = {position: asked.rows(position) for position in messages if _can(asked.rows, position)}
        if able:
            here.alone.update(train_alone_together(asked.request, able, stop=self.stop))

    def _rows(self, asked: Assignment, positions: tuple[int, ...]) -> tuple[tuple[int, ...], Rows | None]:
        """Return the sites whose rows can be read, and those rows one after the other."""
        if positions not in self._joined:
            able = tuple(position for position in positions if _can(asked.tensors, position))
            rows = Rows.of([asked.tensors(position) for position in able]) if able else None
            self._joined[positions] = able, rows
        return self._joined[positions]


def _pulls(pulls: Sequence[FloatArray | None]) -> FloatArray | None:
    """Return what is added to the gradients of each site, one below the other; None when no site has any."""
    width = next((len(own) for own in pulls if own is not None), None)
    if width is None:
        return None
    return np.stack([np.zeros(width, dtype=np.float32) if own is None else own for own in pulls])


def _can(read: Callable[[int], object], position: int) -> bool:
    """Whether a site's rows can be read; one that cannot says so itself when it answers."""
    try:
        read(position)
    except (RequestError, VaultError, DataMissing):
        return False
    return True
