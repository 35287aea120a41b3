"""Ray and the actors that compute for sites, for as long as this process lives.

Ray's processes end with the thread that started them, so one thread of ours starts Ray and waits until the end.
"""

import contextlib
import logging
import os
import socket
import threading
from typing import Any

import ray
from flwr.app import Message
from flwr.clientapp import ClientApp
from ray import cloudpickle

from fl.assignment import forget
from fl.client_app import Here
from fl.grid.flower import FIRST_SITE, site_context
from fl.grid.in_process import answer
from fl.local import warm_up
from fl.request import RequestError
from fl.watcher import Stop
from settings import ROOT, get_settings

LOOK_SECONDS = 0.1  # how often a wait looks at the stop flag
CLOSE_SECONDS = 10.0
CONNECT_SECONDS = 3.0
LARGEST_DEATHS = 4  # while actors get ready; more than that is no accident


class SiteActor:
    """Lives in a process of its own and answers for the sites whose messages it is given, one call at a time."""

    def __init__(self, environment: dict[str, str]) -> None:
        os.environ.update(environment)
        get_settings.cache_clear()
        warm_up()
        self._stops: dict[str, Stop] = {}
        self._clients: dict[bytes, ClientApp] = {}

    def ready(self) -> str:
        """Return the node it is on, once everything is imported."""
        return str(ray.get_runtime_context().get_node_id())

    def compute(self, run: str, client: bytes, messages: list[Message], sites: int) -> list[Message]:
        """Return the replies to ``messages``, an error reply for a site that fails; raises Cancelled after ``stop``."""
        if client not in self._clients:
            self._clients = {client: cloudpickle.loads(client)}
        stop = self._stop_of(run)
        replies = []
        for message in messages:
            stop.check()
            context = site_context(message.metadata.dst_node_id - FIRST_SITE, sites)
            replies.append(answer(self._clients[client], message, context, Here(stop)))
        return replies

    def forget(self) -> None:
        """Drop all rows."""
        forget()

    @ray.method(concurrency_group="control")
    def stop(self, run: str) -> None:
        """Let what is computed for ``run``, now or later, raise Cancelled."""
        self._stop_of(run).set()

    def _stop_of(self, run: str) -> Stop:
        if run not in self._stops:
            self._stops = {run: Stop()}  # runs follow one another
        return self._stops[run]


class Pool:
    """The actors of this process; started when first needed."""

    def __init__(self) -> None:
        self.actors: list[Any] = []
        self._environment: dict[str, str] = {}
        self._address = ""  # of the cluster that Ray was started with
        self._lock = threading.Lock()
        self._keeper: threading.Thread | None = None
        self._up = threading.Event()
        self._down = threading.Event()
        self._trouble: Exception | None = None

    def started(self) -> bool:
        """Whether actors of the present MEDHIVE_* settings are there."""
        return bool(self.actors) and self._environment == _environment()

    def start(self, stop: Stop) -> None:
        """Return when the actors are ready; raises Cancelled when ``stop`` is set, while they go on getting ready."""
        if self._keeper is not None and self._address != get_settings().ray_address:
            self.close()
        with self._lock:
            if self._keeper is None:
                self._address = get_settings().ray_address
                self._up.clear()
                self._down.clear()
                self._trouble = None
                self._keeper = threading.Thread(target=self._keep, name="ray", daemon=True)
                self._keeper.start()
        while not self._up.wait(LOOK_SECONDS):
            stop.check()
        if self._trouble is not None:
            self.close()
            raise RequestError(_sentence()) from self._trouble
        with self._lock:
            if not self.started():
                self._end_actors()
                self._environment = _environment()
                self.actors = [self._new_actor() for _ in range(get_settings().ray_actors)]
        waiting = {actor.ready.remote(): actor for actor in self.actors}
        deaths = 0
        while waiting:
            stop.check()
            done, _ = ray.wait(list(waiting), num_returns=1, timeout=LOOK_SECONDS)
            for told in done:
                actor = waiting.pop(told)
                try:
                    ray.get(told)
                except ray.exceptions.RayActorError:
                    deaths += 1
                    if deaths > LARGEST_DEATHS:
                        raise
                    self.replace(actor)
                    waiting |= {each.ready.remote(): each for each in self.actors if each not in waiting.values()}

    def replace(self, actor: Any) -> bool:
        """End an actor and start another in its place, without waiting for it; False when it was replaced before."""
        with self._lock:
            if actor not in self.actors:
                return False
            with contextlib.suppress(ray.exceptions.RayError):
                ray.kill(actor)
            self.actors[self.actors.index(actor)] = self._new_actor()
            return True

    def close(self) -> None:
        """End the actors and Ray, and return when they are gone."""
        if self._keeper is None:
            return
        self._up.wait()
        with self._lock:
            self._end_actors()
        self._down.set()
        self._keeper.join(CLOSE_SECONDS)
        self._keeper = None

    def _keep(self) -> None:
        logging.getLogger("ray").setLevel(logging.ERROR)
        os.environ.setdefault("RAY_prestart_worker_first_driver", "0")  # idle workers take 50 MB each
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # as newer versions do; else Ray warns
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        settings = get_settings()
        where: dict[str, Any] = {"address": "local", "num_cpus": settings.ray_actors, "include_dashboard": False}
        try:
            if settings.ray_address:
                where = {"address": settings.ray_address}
                host, _, port = settings.ray_address.rpartition(":")
                socket.create_connection((host, int(port)), CONNECT_SECONDS).close()  # Ray itself tries for minutes
            ray.init(
                **where,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
                runtime_env={"env_vars": {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}},
            )
        except Exception as error:
            self._trouble = error
        self._up.set()
        self._down.wait()
        ray.shutdown()

    def _new_actor(self) -> Any:
        # A group of its own lets "stop" in while "compute" is busy; each group takes one call at a time.
        remote: Any = ray.remote
        spread: dict[str, Any] = {"num_cpus": 0}
        if get_settings().ray_address:  # one core of the cluster each, on as many machines as there are
            spread = {"num_cpus": 1, "scheduling_strategy": "SPREAD"}
        return remote(concurrency_groups={"control": 1}, **spread)(SiteActor).remote(self._environment)

    def _end_actors(self) -> None:
        for actor in self.actors:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.kill(actor)
        self.actors = []


def _sentence() -> str:
    if address := get_settings().ray_address:
        return f"no Ray cluster answers at {address}: start one there, or unset MEDHIVE_RAY_ADDRESS."
    return "Ray could not be started; its log is in /tmp/ray."


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("MEDHIVE_")}
