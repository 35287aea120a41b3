"""Keeps the worker process alive for as long as the app lives, and shows MLflow's own pages on demand.

Children are started in sessions of their own, so that Ctrl-C in a terminal reaches the app first, which then ends
them in order. Each also watches the app and ends by itself when the app is killed.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from fl.worker_status import worker_status
from settings import ROOT, get_settings

END_SECONDS = 8.0  # the worker needs about two, with Ray; then it is killed
SHORT_LIFE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 10.0
MLFLOW_START_SECONDS = 40.0

log = logging.getLogger(__name__)
_running: list["Supervisor"] = []


class MlflowError(RuntimeError):
    """MLflow's pages cannot be shown; the message says why."""


class Supervisor:
    """Starts, restarts and ends the processes beside the app."""

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._worker: subprocess.Popen[bytes] | None = None
        self._mlflow: subprocess.Popen[bytes] | None = None
        self._mlflow_url = ""
        self._mlflow_lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep_worker, name="supervisor", daemon=True)

    @property
    def worker_pid(self) -> int | None:
        """Process of the worker, None between two."""
        worker = self._worker
        return worker.pid if worker is not None and worker.poll() is None else None

    def watched(self) -> int | None:
        """Return the process of another app that executes the runs of this HOME, None where this one does."""
        status = worker_status()
        return status.app if status.alive and status.app not in (None, os.getpid()) else None

    def start(self) -> None:
        """Start the worker, and again whenever it ends; returns at once."""
        _running.append(self)
        if other := self.watched():
            log.warning(
                "another app, process %d, executes the runs of %s; this one watches", other, get_settings().home
            )
        self._thread.start()

    def stop(self) -> None:
        """End all children, theirs included, and return when they are gone."""
        self._ending.set()
        for child in (self._worker, self._mlflow):
            if child is not None and child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + END_SECONDS
        for child in (self._worker, self._mlflow):
            if child is not None:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(max(0.1, deadline - time.monotonic()))
                _kill_group(child)
        if self._thread.is_alive():
            self._thread.join(timeout=2)
        if self in _running:
            _running.remove(self)

    def start_mlflow_ui(self) -> str:
        """Return the address of MLflow's pages on 127.0.0.1, started if they are not there; takes seconds then.

        Raises
        ------
        MlflowError
            When they do not come up.
        """
        with self._mlflow_lock:
            if self._mlflow is not None and self._mlflow.poll() is None:
                return self._mlflow_url
            port = _free_port(get_settings().mlflow_port)
            log_path = _log_path("mlflow.log")
            self._mlflow = _spawn(["fl.mlflow_page", "--parent", str(os.getpid()), "--port", str(port)], log_path)
            self._mlflow_url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + MLFLOW_START_SECONDS
            while time.monotonic() < deadline and not self._ending.is_set():
                if _answers(self._mlflow_url + "/health"):
                    return self._mlflow_url
                if self._mlflow.poll() is not None:
                    break
                time.sleep(0.1)
            _kill_group(self._mlflow)
            raise MlflowError(f"MLflow's pages did not start: see {log_path}.")

    def _keep_worker(self) -> None:
        pause = 0.0
        while not self._ending.wait(pause):
            began = time.monotonic()
            self._worker = _spawn(["fl", "worker", "--parent", str(os.getpid())], _log_path("worker.log"))
            if self._ending.is_set():  # stop() has not seen this one
                self._worker.terminate()
            code = self._worker.wait()
            _kill_group(self._worker)
            if self._ending.is_set():
                return
            lived = time.monotonic() - began
            pause = 0.0 if lived > SHORT_LIFE_SECONDS else min(LONGEST_PAUSE_SECONDS, 2 * pause or 0.5)
            log.warning("the worker ended with code %d after %.0f s; it is started again", code, lived)


def watched_app() -> int | None:
    """Return the process of another app that executes the runs of this HOME, None where this one does."""
    return _running[-1].watched() if _running else None


def start_mlflow_ui() -> str:
    """Return the address of MLflow's pages, shown by the app's supervisor; raises MlflowError."""
    if not _running:
        raise MlflowError("MLflow's pages are shown by the app only: start it with make run.")
    return _running[-1].start_mlflow_ui()


def _spawn(module: list[str], log_path: Path) -> subprocess.Popen[bytes]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "MEDHIVE_HOME": str(get_settings().home), "PYTHONPATH": os.pathsep.join(paths)}
    with log_path.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", *module],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment,
            start_new_session=True,
        )


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a child's session, for example what a killed worker had started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _log_path(name: str) -> Path:
    folder = get_settings().home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def _free_port(wanted: int) -> int:
    """Return ``wanted``, or any free port when somebody has it."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                free: int = probe.getsockname()[1]
                return free
    raise MlflowError("no port is free for MLflow's pages.")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
