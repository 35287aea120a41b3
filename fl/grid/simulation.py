"""The executor for comparison: Flower's own simulation, unmodified, with its scheduler and its Ray actors.

It runs in a process of its own, because it starts and ends Ray and takes the process's Flower identity for itself,
and because on cancel a whole tree of processes can then be ended at once. What the watcher is told there comes back
through a pipe.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import psutil  # type: ignore[import-untyped]
from flwr.clientapp import ClientApp

from fl.course import Course
from fl.watcher import Level, RoundResult, SiteState, Snapshot, Stop
from settings import ROOT, get_settings

LOOK_SECONDS = 0.05
END_SECONDS = 1.0
FOUND = ("sites", "snapshot", "rounds", "alone", "personal", "seconds")  # of a course


def execute(course: Course, client: ClientApp) -> None:
    """Run the federation."""
    from ray import cloudpickle

    course.watcher.phase("warming up: starting Flower's simulation")
    ours, theirs = Pipe()
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "fl.grid.simulation", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},  # reaches the actors, which this process cannot
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        theirs.close()
        try:
            asked = {name: getattr(course, name) for name in ("request", "sites", "start", "began")}
            ours.send_bytes(cloudpickle.dumps((asked, client)))  # type: ignore[no-untyped-call]
            _follow(ours, course)
        except EOFError:
            log.seek(0)
            last = log.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise RuntimeError(f"Flower's simulation ended before its time: {last}") from None
        finally:
            _end_tree(child)
            ours.close()


def _follow(pipe: Connection, course: Course) -> None:
    """Tell the watcher what comes through the pipe until the result does."""
    while True:
        while not pipe.poll(LOOK_SECONDS):
            course.stop.check()
        course.stop.check()
        kind, content = pickle.loads(pipe.recv_bytes())  # noqa: S301  written by our own child
        if kind == "failed":
            raise content
        if kind == "done":
            for name, value in content.items():
                setattr(course, name, value)
            return
        getattr(course.watcher, kind)(*content)


def _end_tree(child: "subprocess.Popen[bytes]") -> None:
    """End the simulation and all it started: Ray's processes are children of children."""
    with contextlib.suppress(psutil.NoSuchProcess):
        tree = [*psutil.Process(child.pid).children(recursive=True), psutil.Process(child.pid)]
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(tree, timeout=END_SECONDS)
    child.wait()


@dataclass
class _Piped:
    """A watcher that sends what it is told through the pipe."""

    pipe: Connection

    def phase(self, text: str) -> None:
        self._send("phase", text)

    def sites(self, sites: Any) -> None:
        self._send("sites", sites)

    def site_state(self, position: int, round: int, state: SiteState) -> None:
        self._send("site_state", position, round, state)

    def site_update(self, position: int, round: int, loss: float, metrics: Any, seconds: float, samples: int) -> None:
        self._send("site_update", position, round, loss, metrics, seconds, samples)

    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None:
        self._send("round_done", result, snapshot)

    def event(self, text: str, level: Level = "info") -> None:
        self._send("event", text, level)

    def _send(self, kind: str, *content: Any) -> None:
        self.pipe.send_bytes(pickle.dumps((kind, content)))


def _simulate(course: Course, client: ClientApp, pipe: Connection) -> None:
    from flwr.serverapp import ServerApp
    from flwr.simulation import run_simulation

    from fl.server_app import server_app

    app = ServerApp()

    @app.main()
    def main(grid: Any, context: Any) -> None:
        # Told from in here, because the simulation wraps what is raised and takes seconds to wind down.
        try:
            server_app(course)(grid, context)
        except Exception as error:
            pipe.send_bytes(pickle.dumps(("failed", error)))
        else:
            found = {name: getattr(course, name) for name in FOUND}
            pipe.send_bytes(pickle.dumps(("done", found)))

    resources = {"num_cpus": 1, "num_gpus": 0.0}
    # a Ray of its own: it would else join a cluster that was started on this machine, and fail
    ray = {"address": "local", "num_cpus": get_settings().ray_actors}
    config: Any = {"client_resources": resources, "init_args": ray}
    run_simulation(app, client, num_supernodes=len(course.sites), backend_config=config)


def _main() -> None:
    from ray import cloudpickle

    pipe = Connection(int(sys.argv[1]))
    asked, client = cloudpickle.loads(pipe.recv_bytes())
    try:
        _simulate(Course(**asked, watcher=_Piped(pipe), stop=Stop()), client, pipe)
    except Exception as error:
        # the thread of the ServerApp waits for sites that nobody computes any more, and would keep this process alive
        first: BaseException = error
        while first.__cause__:
            first = first.__cause__
        failed = RuntimeError(f"Flower's simulation ended before its time: {first}")
        with contextlib.suppress(OSError):  # the run was cancelled meanwhile, and nobody listens
            pipe.send_bytes(pickle.dumps(("failed", failed)))
        os._exit(1)


if __name__ == "__main__":
    _main()
