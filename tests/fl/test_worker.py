"""The worker as a process: it survives being killed, ends with the app, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fl import runs
from fl.engine import Engine
from fl.execute import execute
from fl.request import RunRequest
from fl.supervisor import Supervisor
from models.versions import load_model
from models.weights import flat_weights
from settings import ROOT, get_settings
from tests.fl.queue import ask, held, wait_until

pytestmark = pytest.mark.slow

SHORT = RunRequest(task="breast_cancer", sites=3, rounds=2, benefit=False, executor="in-process")
LONG = RunRequest(task="breast_cancer", sites=5, rounds=80, benefit=False, executor="in-process")
START_SECONDS = 120  # on a busy machine, with Ray; a few on a quiet one


@pytest.fixture
def supervisor(home: Path) -> Iterator[Supervisor]:
    made = Supervisor()
    made.start()
    yield made
    made.stop()


def of_session(leader: int) -> list[psutil.Process]:
    """Processes of a session that are not merely waiting to be reaped."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def reached(run_id: int, round: int) -> bool:
    if wait_until(lambda: runs.get_run(run_id).round >= round, START_SECONDS):
        return True
    run = runs.get_run(run_id)
    log = (get_settings().home / "logs" / "worker.log").read_text(errors="replace")
    pytest.fail(f"{run.status}, {run.phase}, round {run.round}, {run.events}, {run.error}\n{log[-3000:]}")


def pid_of(supervisor: Supervisor) -> int:
    assert wait_until(lambda: supervisor.worker_pid is not None)
    pid = supervisor.worker_pid
    assert pid is not None
    return pid


def weights_of(run_id: int) -> bytes:
    version = runs.get_run(run_id).version_id
    assert version is not None
    return flat_weights(load_model(version).network).tobytes()


def test_a_killed_worker_is_replaced_and_the_run_goes_on_to_the_same_weights(supervisor: Supervisor) -> None:
    run_id = ask(LONG)
    assert reached(run_id, 5)
    killed = pid_of(supervisor)

    os.kill(killed, signal.SIGKILL)
    at = time.monotonic()
    assert wait_until(lambda: any("Taken up again" in event.text for event in runs.get_run(run_id).events), 30)
    taken_up = time.monotonic() - at

    assert wait_until(lambda: not runs.get_run(run_id).active, 4 * START_SECONDS)
    run = runs.get_run(run_id)
    assert run.status == "done"
    assert pid_of(supervisor) != killed
    assert taken_up < 8  # on a busy machine; under one second on a quiet one
    assert [done.round for done in run.history] == list(range(81))
    whole = held(LONG)
    with whole:
        execute(whole, Engine())
    assert weights_of(run_id) == weights_of(whole.run_id)


def test_two_runs_are_executed_in_their_order_and_one_is_cancelled_while_it_waits(supervisor: Supervisor) -> None:
    first, waiting, last = ask(SHORT), ask(LONG), ask(SHORT)
    runs.cancel(waiting, by=None)

    assert wait_until(lambda: runs.get_run(last).status == "done", START_SECONDS)
    one, two = runs.get_run(first), runs.get_run(last)
    assert one.finished_at is not None
    assert two.started_at is not None
    assert one.finished_at <= two.started_at
    assert runs.get_run(waiting).status == "cancelled"
    assert wait_until(lambda: runs.worker_status().warm)


def test_a_running_run_is_cancelled_within_two_seconds(supervisor: Supervisor) -> None:
    run_id = ask(LONG)
    assert reached(run_id, 2)

    runs.cancel(run_id, by=None)
    at = time.monotonic()
    assert wait_until(lambda: not runs.get_run(run_id).active)

    assert time.monotonic() - at < 2
    assert wait_until(lambda: runs.get_run(run_id).version_id is not None)


def test_the_end_of_the_app_puts_the_run_back_and_leaves_no_process(home: Path) -> None:
    supervisor = Supervisor()
    supervisor.start()
    run_id = ask(LONG)
    assert reached(run_id, 2)
    leader = pid_of(supervisor)

    supervisor.stop()

    run = runs.get_run(run_id)
    assert (run.status, run.position_in_queue) == ("queued", 1)
    assert run.round >= 2
    assert of_session(leader) == []
    assert runs.worker_status().alive is False


def test_a_killed_app_takes_its_worker_along(home: Path) -> None:
    app = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time; from fl.supervisor import Supervisor; Supervisor().start(); time.sleep(600)",
        ],
        cwd=ROOT,
    )
    assert wait_until(lambda: runs.worker_status().alive, START_SECONDS)
    worker = runs.worker_status().pid
    assert worker is not None

    app.kill()
    app.wait()

    assert wait_until(lambda: of_session(worker) == [], 15)


def test_a_killed_worker_with_ray_leaves_no_process_of_ray(supervisor: Supervisor) -> None:
    run_id = ask(RunRequest(task="breast_cancer", sites=4, rounds=3000, benefit=False, executor="ray"))
    assert reached(run_id, 2)
    first = pid_of(supervisor)
    assert len(of_session(first)) > 3

    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: of_session(first) == [], 10)
    assert wait_until(lambda: any("Taken up again" in event.text for event in runs.get_run(run_id).events), 60)

    runs.cancel(run_id, by=None)
    assert wait_until(lambda: not runs.get_run(run_id).active), runs.get_run(run_id)
    second = pid_of(supervisor)
    supervisor.stop()
    assert wait_until(lambda: of_session(second) == [], 10)  # what is written into MLflow may still end


def test_a_second_worker_waits_until_the_first_is_gone(supervisor: Supervisor) -> None:
    assert wait_until(lambda: runs.worker_status().alive, START_SECONDS)
    second = subprocess.Popen([sys.executable, "-m", "fl", "worker"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        assert second.stderr is not None
        assert "another worker is at work here" in second.stderr.readline()
        run_id = ask(SHORT)
        assert wait_until(lambda: runs.get_run(run_id).status == "done", START_SECONDS)
        assert runs.worker_status().pid == supervisor.worker_pid
    finally:
        second.terminate()
        assert second.wait(10) == 0


def test_the_log_of_the_worker_holds_what_it_did(supervisor: Supervisor, home: Path) -> None:
    run_id = ask(SHORT)
    assert wait_until(lambda: runs.get_run(run_id).status == "done", START_SECONDS)

    assert wait_until(lambda: f"run {run_id}: done after" in (home / "logs" / "worker.log").read_text())


def test_mlflow_shows_its_pages_on_this_machine_only_and_ends_with_the_app(home: Path) -> None:
    supervisor = Supervisor()
    try:
        address = supervisor.start_mlflow_ui()
        assert address.startswith("http://127.0.0.1:")
        assert supervisor.start_mlflow_ui() == address
        with urllib.request.urlopen(address + "/health", timeout=5) as answer:
            assert answer.status == 200
        assert supervisor._mlflow is not None
        leader = supervisor._mlflow.pid
    finally:
        supervisor.stop()

    assert of_session(leader) == []
