"""A server and three sites, in processes of their own and homes of their own, on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from data import vault
from data.database import engine, migrate, transaction
from data.sites import ensure_site
from fl.deploy.bundle import Bundle
from fl.deploy.hub import Hub
from fl.deploy.nodes import nodes
from fl.deploy.registration import register
from fl.request import RunRequest
from fl.sites import rows_of
from settings import ROOT, get_settings

SITES = 3
TASK = "breast_cancer"
SECONDS = 120.0  # until everybody is there; processes of Python that import PyTorch, on a busy machine


@contextmanager
def at(home: Path) -> Iterator[None]:
    """Be the installation in ``home`` for a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDHIVE_HOME", str(home))
        get_settings.cache_clear()
        try:
            yield
        finally:
            engine(get_settings().database_url).dispose()
    get_settings.cache_clear()


class Hive:
    """The processes; ``request`` names the sites' numbers."""

    def __init__(self, folder: Path) -> None:
        self.hub = folder / "hub"
        self.sites = [folder / f"site{position}" for position in range(SITES)]
        self.bundles = [folder / f"site{position}.json" for position in range(SITES)]
        self._processes: dict[Path, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self._start(self.hub, "server", "--host", "localhost", "--port", str(free_port()), "--listen", "127.0.0.1")
        with at(self.hub):
            migrate()
            until(lambda: (self.hub / "deploy" / "server.json").exists(), "the server does not start")
            hub = Hub.read()
            for position, path in enumerate(self.bundles):
                path.write_text(Bundle.of(f"Clinic {position}", hub).to_json())
            parts = [rows_of(RunRequest(TASK, sites=SITES), position).rows for position in range(SITES)]
        for position, home in enumerate(self.sites):
            with at(home):
                migrate()
                with transaction() as session:
                    site_id = ensure_site(session, "This site").id
                vault.store(parts[position], task=TASK, site_id=site_id, filename="a", file_sha256="a", by=None)
            self.start_site(position)
            with at(self.hub):  # one after the other, so that positions are known
                until(lambda position=position: len(nodes()) > position, f"site {position} does not say hello")
        with at(self.hub):
            for node in nodes():
                register(node.id, site=node.name, by=None)
            until(lambda: all(map(self._online, range(SITES))), "not all sites are connected")

    def start_site(self, position: int) -> None:
        self._start(self.sites[position], "site", str(self.bundles[position]))

    def kill_site(self, position: int) -> None:
        process = self._processes.pop(self.sites[position])
        process.kill()
        process.wait()

    def kill_superlink(self) -> None:
        """Kill Flower's process only; the server starts it again."""
        server = psutil.Process(self._processes[self.hub].pid)
        (superlink,) = server.children()
        superlink.kill()

    def end(self) -> None:
        """End everything in order; the server takes its SuperLink with it."""
        below = [child for process in self._processes.values() for child in psutil.Process(process.pid).children()]
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        _, left = psutil.wait_procs(below, timeout=5)
        for child in left:
            child.kill()
        assert not left, "the server left its SuperLink behind"

    def _online(self, position: int) -> bool:
        from fl.grid.superlink import Control

        hub = Hub.read()
        with Control(hub.superlink, hub.certificate) as control:
            known = control.nodes()
        return known[nodes()[position].number].online

    def _start(self, home: Path, *arguments: str) -> None:
        home.mkdir(exist_ok=True)
        with (home / "output").open("ab") as output:
            self._processes[home] = subprocess.Popen(
                [sys.executable, "-m", "fl", "deploy", *arguments],
                cwd=ROOT,
                env={**os.environ, "MEDHIVE_HOME": str(home), "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )


def until(done: Callable[[], bool], else_say: str) -> None:
    end = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < end, else_say
        time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
