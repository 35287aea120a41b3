"""The executor for larger networks: sites are computed by Ray actors that live as long as this process.

An actor keeps what it has read, so a site always goes to the same actor and a warm round only computes. Messages go
out in chunks, small enough that replies come in one after the other, large enough that Ray's own cost stays small.
On cancel the actors are killed, which ends whatever they compute.
"""

import contextlib
import logging
import math
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flwr.app import Error, Message
from flwr.clientapp import ClientApp

from fl.checks import failure_reason
from fl.client_app import FAILED
from fl.course import Course
from fl.grid.flower import FIRST_SITE, SiteGrid, server_context
from fl.server_app import server_app
from fl.watcher import Stop
from settings import ROOT, get_settings

CHUNK_SECONDS = 0.05  # how long an actor computes between two replies, as far as sites allow
LOOK_SECONDS = 0.1  # how often a wait looks at the stop flag
CLOSE_SECONDS = 10.0


def execute(course: Course, client: ClientApp) -> None:
    """Run the federation; the actors stay for the next one."""
    if not _POOL.started():
        course.watcher.phase("warming up: starting Ray")
    actors = _POOL.ready(course.stop)
    grid = RayGrid(actors, client, len(course.sites), course.stop)
    try:
        server_app(course)(grid, server_context())
    except BaseException:
        _POOL.end_actors()
        raise
    _POOL.tell_to_forget()


def warm() -> None:
    """Start Ray and the actors, and return when they have loaded PyTorch and Flower."""
    _POOL.ready(Stop())


def close() -> None:
    """End the actors and Ray."""
    _POOL.close()


class SiteActor:
    """Runs in a process of its own and answers for the sites that are sent to it."""

    def __init__(self, environment: dict[str, str]) -> None:
        os.environ.update(environment)  # before anything of MedHive is imported here
        import torch

        from fl import client_app  # noqa: F401
        from fl.local import warm_up

        torch.set_num_threads(1)  # two threads each slow two actors down
        warm_up()

    def ready(self) -> bool:
        """Answer once the imports are done."""
        return True

    def compute(self, client: bytes, messages: list[Message], sites: int) -> list[Message]:
        """Return the replies to ``messages``, an error reply for a site that fails."""
        from fl.grid.flower import site_context
        from fl.grid.in_process import answer

        app = _loaded(client)
        return [answer(app, each, site_context(each.metadata.dst_node_id - FIRST_SITE, sites)) for each in messages]

    def forget(self) -> None:
        """Drop all rows."""
        from fl.client_app import forget

        forget()


class RayGrid(SiteGrid):
    """Sends messages to actors; the site at position ``i`` belongs to actor ``i`` modulo their number."""

    def __init__(self, actors: list[Any], client: ClientApp, sites: int, stop: Stop) -> None:
        super().__init__(sites)
        from ray import cloudpickle, put

        self._actors = actors
        self._client = put(cloudpickle.dumps(client))  # type: ignore[no-untyped-call]
        self._sites = sites
        self._stop = stop
        self._seconds = math.inf  # a site took in the last exchange; unknown at first, so chunks of one

    def stream(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Yield replies as chunks come back."""
        import ray

        waiting = self._send(messages)
        began, count = time.perf_counter(), sum(map(len, waiting.values()))
        while waiting:
            self._stop.check()
            done, _ = ray.wait(list(waiting), num_returns=1, timeout=LOOK_SECONDS)
            for chunk in done:
                sent = waiting.pop(chunk)
                try:
                    yield from ray.get(chunk)
                except ray.exceptions.RayError as error:
                    reason = f"the process that computed for it ended ({failure_reason(error)})"
                    yield from (Message(Error(FAILED, reason), reply_to=message) for message in sent)
        self._seconds = (time.perf_counter() - began) * len(self._actors) / max(1, count)

    def _send(self, messages: Iterable[Message]) -> dict[Any, list[Message]]:
        by_actor: defaultdict[int, list[Message]] = defaultdict(list)
        for message in messages:
            by_actor[(message.metadata.dst_node_id - FIRST_SITE) % len(self._actors)].append(message)
        waiting: dict[Any, list[Message]] = {}
        for number, own in by_actor.items():
            size = max(1, min(len(own), int(CHUNK_SECONDS / max(self._seconds, 1e-6))))
            for start in range(0, len(own), size):
                chunk = own[start : start + size]
                waiting[self._actors[number].compute.remote(self._client, chunk, self._sites)] = chunk
        return waiting


@dataclass
class _Started:
    """The actors of one environment (MEDHIVE_* settings), or why they could not be started."""

    environment: dict[str, str]
    actors: list[Any]
    trouble: BaseException | None = None


class _Pool:
    """Ray and its actors.

    Ray's processes end with the thread that started them, so one thread of ours starts Ray and waits until the end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keeper: threading.Thread | None = None
        self._up = threading.Event()
        self._down = threading.Event()
        self._trouble: BaseException | None = None
        self._actors: list[Any] = []
        self._environment: dict[str, str] = {}

    def started(self) -> bool:
        """Whether actors wait for work."""
        return bool(self._actors) and self._environment == _environment()

    def ready(self, stop: Stop) -> list[Any]:
        """Return the actors, started where needed; raises Cancelled at once when ``stop`` is set."""
        import ray

        self._start_ray()
        while not self._up.wait(LOOK_SECONDS):
            stop.check()
        if self._trouble:
            raise RuntimeError("Ray could not be started; see its log in /tmp/ray") from self._trouble
        with self._lock:
            if not self.started():
                self._end_actors()
                self._environment = _environment()
                actor = ray.remote(SiteActor)
                self._actors = [
                    actor.options(num_cpus=0, max_restarts=0).remote(self._environment)
                    for _ in range(get_settings().ray_actors)
                ]
        waiting = [actor.ready.remote() for actor in self._actors]
        while waiting:
            stop.check()
            done, waiting = ray.wait(waiting, num_returns=1, timeout=LOOK_SECONDS)
            ray.get(done)
        return self._actors

    def end_actors(self) -> None:
        """Kill the actors; the next run gets new ones."""
        with self._lock:
            self._end_actors()

    def tell_to_forget(self) -> None:
        """Let the actors drop what they have read, without waiting for it."""
        for actor in self._actors:
            actor.forget.remote()

    def close(self) -> None:
        """End the actors and Ray, and return when their processes are gone."""
        if self._keeper is None:
            return
        self._up.wait()
        self.end_actors()
        self._down.set()
        self._keeper.join(CLOSE_SECONDS)
        self._keeper = None

    def _start_ray(self) -> None:
        with self._lock:
            if self._keeper is None:
                self._up.clear()
                self._down.clear()
                self._trouble = None
                self._keeper = threading.Thread(target=self._keep, name="ray", daemon=True)
                self._keeper.start()

    def _keep(self) -> None:
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # as newer versions do; else Ray warns
        import ray

        logging.getLogger("ray").setLevel(logging.ERROR)
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        try:
            ray.init(
                num_cpus=get_settings().ray_actors,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
                runtime_env={"env_vars": {"PYTHONPATH": path}},
            )
        except BaseException as error:
            self._trouble = error
        self._up.set()
        self._down.wait()
        ray.shutdown()

    def _end_actors(self) -> None:
        import ray

        for actor in self._actors:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.kill(actor)
        self._actors = []


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("MEDHIVE_")}


_LOADED: dict[bytes, ClientApp] = {}


def _loaded(client: bytes) -> ClientApp:
    """Return the ClientApp of these bytes, unpickled once a process."""
    if client not in _LOADED:
        from ray import cloudpickle

        _LOADED.clear()
        _LOADED[client] = cloudpickle.loads(client)
    return _LOADED[client]


_POOL = _Pool()
