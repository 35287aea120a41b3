"""Killed processes, runs that follow one another by the dozen, and a second app: nothing is lost, nothing is left."""

import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from benchmarks.killing import actors, house, kill_once, undisturbed
from benchmarks.soak import held
from fl import runs
from fl.request import RunRequest
from fl.supervisor import Supervisor
from settings import ROOT
from tests.fl.queue import wait_until

pytestmark = pytest.mark.slow

REQUEST = RunRequest("breast_cancer", sites=4, rounds=100, benefit=False, executor="in-process", seed=3)
TINY = RunRequest("breast_cancer", sites=4, rounds=2, benefit=False, executor="in-process")


def test_runs_end_bit_identical_whichever_process_is_killed_at_whatever_moment(home: Path) -> None:
    chance = random.Random(5)
    with house() as installed:
        wanted, seconds = undisturbed(REQUEST)
        kills = [
            kill_once(installed, REQUEST, target, wanted=wanted, seconds=seconds, chance=chance)
            for target in ("worker", "app", "worker")
        ]
    assert [kill.trouble for kill in kills] == [""] * 3
    assert all(kill.same and kill.again <= 1 for kill in kills)


def test_a_round_whose_actor_is_killed_loses_no_site_and_ends_bit_identical(home: Path) -> None:
    chance = random.Random(6)
    request = replace(REQUEST, executor="ray", rounds=40)
    with house() as installed:
        undisturbed(request)  # starts Ray
        wanted, seconds = undisturbed(request)
        kills = [
            kill_once(installed, request, "actor", wanted=wanted, seconds=seconds, chance=chance) for _ in range(2)
        ]
        failures = [done.failures for run in runs.list_runs() for done in runs.get_run(run.id).history if done.failures]
        assert len(actors(runs.worker_status().pid or 0)) == 2
    assert [kill.trouble for kill in kills] == [""] * 2
    assert failures == []


def test_ten_cancels_in_a_row_leave_no_process_no_file_and_no_memory(home: Path) -> None:
    chance = random.Random(7)
    with house():
        worker = runs.worker_status().pid
        assert worker is not None
        for _ in range(2):  # what a worker caches, it caches once
            undisturbed(TINY)
            cancel_after(0.3)
        assert wait_until(lambda: held(worker)["children"] == 0, 60)  # MLflow's, in quiet time
        before = held(worker)

        seconds = [cancel_after(chance.uniform(0, 0.6)) for _ in range(10)]

        assert wait_until(lambda: held(worker)["children"] == 0, 60)
        after = held(worker)
    assert max(seconds) < 2
    assert after["threads"] <= before["threads"]
    assert after["files"] <= before["files"] + 2  # connections to the database, of threads that look at it now
    assert after["uss_mb"] - before["uss_mb"] < 15


def cancel_after(moment: float) -> float:
    """Ask for a run and cancel it; return how long its end took."""
    run_id = runs.submit(replace(REQUEST, rounds=3000), by=None)
    time.sleep(moment)
    runs.cancel(run_id, by=None)
    began = time.monotonic()
    assert wait_until(lambda: not runs.get_run(run_id).active)
    took = time.monotonic() - began
    assert runs.get_run(run_id).status == "cancelled"
    return took


def test_a_worker_does_not_grow_over_many_short_runs(home: Path) -> None:
    with house():
        worker = runs.worker_status().pid
        assert worker is not None
        for _ in range(6):
            undisturbed(TINY)
        before = held(worker)["uss_mb"]  # that of no neighbour
        for _ in range(20):
            undisturbed(TINY)

        assert held(worker)["uss_mb"] - before < 10


def test_a_second_app_watches_and_takes_over_when_the_first_is_gone(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with house() as first:
        owner = runs.worker_status()
        second = Supervisor()
        second.start()
        try:
            assert second.watched() == owner.app
            assert f"another app, process {owner.app}, executes the runs" in caplog.text
            undisturbed(TINY)
            for _ in range(30):  # also when the second worker has long begun to wait
                assert runs.worker_status().pid == owner.pid
                assert second.watched() == owner.app
                time.sleep(0.2)

            first.stop()

            assert wait_until(lambda: runs.worker_status().alive and second.watched() is None, 30)
            undisturbed(TINY)
            assert runs.worker_status().pid == second.worker_pid
        finally:
            second.stop()


def test_a_worker_started_by_hand_is_not_taken_for_another_app(home: Path) -> None:
    worker = subprocess.Popen([sys.executable, "-m", "fl", "worker"], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: runs.worker_status().alive, 60)
        assert Supervisor().watched() is None
    finally:
        worker.terminate()
        psutil.Process(worker.pid).wait(20)
