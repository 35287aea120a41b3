"""The whole application under both servers: it comes up with its worker and ends without leaving a process."""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

import app as application
from models.predict import check_rows
from models.registry import tasks
from models.task import Task
from settings import ROOT

HEAVY = {"torch", "flwr", "ray", "mlflow", "chromadb", "sklearn", "shap", "alembic", "cryptography"}
COMMANDS = {
    "streamlit run": ["streamlit", "run", "app.py", "--server.port"],
    "uvicorn": ["uvicorn", "app:app", "--port"],
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(true: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.1)
    pytest.fail(f"{what} took more than {seconds:.0f} s")


def get(address: str) -> Any:
    with (
        suppress(urllib.error.URLError, ConnectionError, TimeoutError),
        urllib.request.urlopen(address, timeout=5) as r,
    ):
        return r.read()
    return None


def processes_of(home: Path) -> list[psutil.Process]:
    """Every process that belongs to this installation, whoever its parent is."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("MEDHIVE_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return [process for process in found if process.pid != os.getpid()]


@pytest.fixture(params=list(COMMANDS))
def served(request: pytest.FixtureRequest, home: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The app in a session of its own, as in a terminal of its own, and its address."""
    port = free_port()
    with (home / "server.log").open("wb") as log:
        app = subprocess.Popen(
            [sys.executable, "-m", *COMMANDS[request.param], str(port)],
            cwd=ROOT,
            env={**os.environ, "MEDHIVE_HOME": str(home)},
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        )
    try:
        wait_for(lambda: get(f"http://127.0.0.1:{port}/api/health"), 60, "the first answer")
        yield app, f"http://127.0.0.1:{port}"
    finally:
        for process in processes_of(home):
            with suppress(psutil.Error):
                process.kill()
        app.wait()


@pytest.mark.slow
def test_ctrl_c_ends_the_app_its_worker_and_ray(served: tuple[subprocess.Popen[bytes], str], home: Path) -> None:
    app, address = served
    wait_for(lambda: json.loads(get(f"{address}/api/health") or "{}").get("worker"), 60, "the worker")
    assert b"MedHive" in get(f"{address}/api/docs")
    assert b"<html" in get(address).lower()
    status = home / "worker.json"
    wait_for(lambda: status.exists() and json.loads(status.read_text())["warm"], 120, "warming up, with Ray")
    before = processes_of(home)
    assert len(before) > 2, "the app, its worker and Ray's processes"
    began = time.monotonic()
    os.killpg(app.pid, signal.SIGINT)
    app.wait(timeout=30)
    assert time.monotonic() - began < 20
    left = [process.cmdline()[:4] for process in processes_of(home)]
    assert left == [], (home / "server.log").read_text()[-2000:]


def test_warming_up_answers_for_every_table_and_makes_the_companion_ready(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    application.prepare()
    asked: list[str] = []

    def predict(task: Task, rows: np.ndarray) -> None:
        check_rows(task, rows)
        asked.append(task.name)

    monkeypatch.setattr("models.predict.predict", predict)
    monkeypatch.setattr("rag.readiness.prepare", lambda: SimpleNamespace(ready=bool(asked), error=""))
    monkeypatch.setattr(gc, "freeze", lambda: None)
    application.warm()
    assert asked == [task.name for task in tasks().values() if not task.encoder]


@pytest.mark.slow
def test_starting_the_app_loads_no_heavy_package() -> None:
    """So that the first page is there in two seconds."""
    code = "import sys, app; print(' '.join(sys.modules))"
    env = {**os.environ, "MEDHIVE_HOME": os.devnull}
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert not HEAVY & set(loaded.stdout.split())
