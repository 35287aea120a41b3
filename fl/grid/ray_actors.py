"""The executor for larger networks: sites are computed by Ray actors that live as long as this process.

An actor keeps what it has read, so a site always goes to the same actor and a warm round only computes. Messages go
out in chunks, small enough that replies come in one after the other, large enough that Ray's own cost stays small.
On cancel the actors are told, and stop between two batches; one that does not is ended and replaced. What an actor
that died had not answered is computed again by its replacement, so that a killed process costs time and no update.
"""

import math
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import ray
from flwr.app import Error, Message
from flwr.clientapp import ClientApp
from ray import cloudpickle

from fl.client_app import FAILED
from fl.course import Course
from fl.grid.flower import FIRST_SITE, SiteGrid, server_context
from fl.grid.ray_pool import LOOK_SECONDS, Pool
from fl.server_app import server_app
from fl.watcher import Stop

CHUNK_SECONDS = 0.05  # how long an actor computes between two replies, as far as sites allow
GRACE_SECONDS = 0.4  # how long an actor may take to notice that it is to stop
LARGEST_DEATHS = 2  # a site at whose turn actors die this often is left out: it may be what kills them

_POOL = Pool()


def execute(course: Course, client: ClientApp) -> None:
    """Run the federation; the actors stay for the next one."""
    if not _POOL.started():
        course.watcher.phase("warming up: starting Ray")
    _POOL.start(course.stop)
    try:
        server_app(course)(RayGrid(_POOL, client, len(course.sites), course.stop), server_context())
    finally:
        for actor in _POOL.actors:
            actor.forget.remote()


def warm() -> None:
    """Start Ray and the actors, and return when they have loaded PyTorch and Flower."""
    _POOL.start(Stop())


def close() -> None:
    """End the actors and Ray."""
    _POOL.close()


class RayGrid(SiteGrid):
    """Sends messages to actors; the site at position ``i`` belongs to actor ``i`` modulo their number."""

    def __init__(self, pool: Pool, client: ClientApp, sites: int, stop: Stop) -> None:
        super().__init__(sites)
        self._pool = pool
        self._client = ray.put(cloudpickle.dumps(client))  # type: ignore[no-untyped-call]
        self._sites = sites
        self._stop = stop
        self._key = uuid.uuid4().hex
        self._seconds = math.inf  # a site took in the last exchange; unknown at first, so chunks of one
        self._deaths: Counter[int] = Counter()  # by node, in this exchange

    def stream(self, messages: Sequence[Message], deadline: float = math.inf) -> Iterator[list[Message]]:
        """Yield replies as chunks come back."""
        self._deaths.clear()
        waiting = self._send(messages)
        began, count = time.perf_counter(), sum(len(sent) for _, sent in waiting.values())
        try:
            while waiting and time.monotonic() < deadline:
                self._stop.check()
                done, _ = ray.wait(list(waiting), num_returns=1, timeout=LOOK_SECONDS)
                for chunk in done:
                    actor, sent = waiting.pop(chunk)
                    try:
                        replies: list[Message] = ray.get(chunk)
                    except ray.exceptions.RayActorError:
                        replies = self._send_again(actor, sent, waiting)
                    yield replies
        finally:
            if waiting:
                self._end(waiting)
        self._seconds = (time.perf_counter() - began) * len(self._pool.actors) / max(1, count)

    def _send(self, messages: Sequence[Message]) -> dict[Any, tuple[Any, list[Message]]]:
        by_actor: defaultdict[int, list[Message]] = defaultdict(list)
        for message in messages:
            by_actor[(message.metadata.dst_node_id - FIRST_SITE) % len(self._pool.actors)].append(message)
        waiting: dict[Any, tuple[Any, list[Message]]] = {}
        for number, own in by_actor.items():
            actor = self._pool.actors[number]
            size = max(1, min(len(own), int(CHUNK_SECONDS / max(self._seconds, 1e-6))))
            for start in range(0, len(own), size):
                sent = own[start : start + size]
                waiting[actor.compute.remote(self._key, self._client, sent, self._sites)] = actor, sent
        return waiting

    def _send_again(
        self, dead: Any, sent: list[Message], waiting: dict[Any, tuple[Any, list[Message]]]
    ) -> list[Message]:
        """Send what a dead actor owes to its replacement, one by one; return error replies for what is given up."""
        if self._pool.replace(dead):  # the first chunk to miss it was at its turn when it died
            self._deaths[sent[0].metadata.dst_node_id] += 1
        given_up = []
        for message in sent:
            site = message.metadata.dst_node_id - FIRST_SITE
            if self._deaths[message.metadata.dst_node_id] >= LARGEST_DEATHS:
                given_up.append(Message(Error(FAILED, "the process that computed for it ended"), reply_to=message))
                continue
            actor = self._pool.actors[site % len(self._pool.actors)]
            waiting[actor.compute.remote(self._key, self._client, [message], self._sites)] = actor, [message]
        return given_up

    def _end(self, waiting: dict[Any, tuple[Any, list[Message]]]) -> None:
        """End what is still computed, so that the next run finds the actors free."""
        for actor in self._pool.actors:
            actor.stop.remote(self._key)
        _, late = ray.wait(list(waiting), num_returns=len(waiting), timeout=GRACE_SECONDS)
        for actor in {waiting[chunk][0] for chunk in late}:
            self._pool.replace(actor)
