"""A disk that is full or read-only, a database that is locked, an MLflow that is broken: said, and nothing is lost."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from data import room
from data.database import engine, migrate
from fl import lease as leases
from fl import runs, tracking
from fl.engine import Engine
from fl.execute import execute
from fl.lease import Lease, claim_next, new_owner
from fl.request import RunRequest
from models.versions import get_version
from settings import ROOT, get_settings
from tests.fl import places
from tests.fl.queue import ask, change, finish, held, wait_until

REQUEST = RunRequest("breast_cancer", sites=5, rounds=150, benefit=False, executor="in-process")


@pytest.fixture
def small_disk(home: Path, tmp_path: Path, migrated_database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with places.disk(tmp_path / "disk", 96) as folder:
        shutil.copy(migrated_database, folder / "medhive.db")
        monkeypatch.setenv("MEDHIVE_HOME", str(folder))
        get_settings.cache_clear()
        yield folder
        engine(get_settings().database_url).dispose()
    get_settings.cache_clear()


def begun(lease: Lease) -> tuple[threading.Thread, list[str]]:
    """Execute in a thread; return when some rounds are done."""
    ended: list[str] = []

    def work() -> None:
        with lease:
            ended.append(execute(lease, Engine()))

    thread = threading.Thread(target=work)
    thread.start()
    assert wait_until(lambda: runs.get_run(lease.run_id).round >= 3, 60)
    return thread, ended


def go_on(run_id: int) -> runs.RunView:
    owner = new_owner("worker")
    assert claim_next(owner) == run_id
    with Lease(run_id, owner) as lease:
        execute(lease, Engine())
    return runs.get_run(run_id)


def sha256(run: runs.RunView) -> str:
    assert run.version_id is not None, run
    return get_version(run.version_id).sha256


@pytest.mark.slow
def test_a_disk_that_fills_up_pauses_the_run_which_goes_on_to_the_same_model(small_disk: Path) -> None:
    lease = held(REQUEST)
    thread, ended = begun(lease)

    filler = places.fill(small_disk, leave=4_000_000)
    thread.join(60)

    run = runs.get_run(lease.run_id)
    assert (ended, run.status) == (["queued"], "queued")
    assert run.phase.startswith(f"Paused after round {run.round}: The disk of MEDHIVE_HOME {small_disk} is full:")
    assert run.events[-1].text.endswith("It goes on by itself when that is mended.")
    filler.unlink()
    gone_on = go_on(lease.run_id)
    assert gone_on.status == "done", gone_on.error
    assert [done.round for done in gone_on.history] == list(range(151))
    whole = held(REQUEST)
    with whole:
        execute(whole, Engine())
    assert sha256(gone_on) == sha256(runs.get_run(whole.run_id))


@pytest.mark.slow
def test_a_disk_without_a_single_free_byte_leaves_a_run_that_goes_on(small_disk: Path) -> None:
    lease = held(REQUEST)
    thread, _ = begun(lease)

    filler = places.fill(small_disk)
    thread.join(60)
    filler.unlink()

    assert not thread.is_alive()
    change(lease.run_id, heartbeat_at=None)  # where not even the pause could be written, the lease runs out
    assert go_on(lease.run_id).status == "done"
    assert [path.name for path in (small_disk / "checkpoints").iterdir()] == []


@pytest.mark.slow
def test_a_checkpoint_that_cannot_be_written_ends_the_run_with_a_sentence_and_it_can_be_resumed(home: Path) -> None:
    in_the_way = home / "checkpoints"
    in_the_way.write_text("a file where a folder belongs")
    lease = held(REQUEST)
    with lease:
        assert execute(lease, Engine()) == "failed"

    run = runs.get_run(lease.run_id)
    assert run.error.startswith("progress could not be written (")
    assert run.error.endswith("Resume the run when that is mended.")
    in_the_way.unlink()
    runs.resume(lease.run_id, by=None)
    assert go_on(lease.run_id).status == "done"


def test_a_run_is_not_even_asked_for_on_a_disk_that_is_full(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SMALLEST_FREE", 2**60)

    with pytest.raises(runs.RequestError, match="is full"):
        ask()

    assert runs.list_runs() == []


def test_a_home_on_a_read_only_disk_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with places.disk(tmp_path / "disk", 4) as folder:
        places.make_read_only(folder)
        monkeypatch.setenv("MEDHIVE_HOME", str(folder))
        get_settings.cache_clear()

        with pytest.raises(room.NoRoom, match=f"MEDHIVE_HOME {folder} is read-only: make it writable"):
            migrate()


@pytest.mark.slow
def test_a_worker_on_a_read_only_home_ends_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with places.disk(tmp_path / "disk", 4) as folder:
        places.make_read_only(folder)
        monkeypatch.setenv("MEDHIVE_HOME", str(folder))
        done = subprocess.run([sys.executable, "-m", "fl", "worker"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 2
    assert done.stderr.strip() == f"MEDHIVE_HOME {folder} is read-only: make it writable, or choose another folder."


@pytest.mark.slow
def test_a_database_that_is_locked_for_ten_seconds_neither_ends_a_run_nor_moves_it(home: Path) -> None:
    lease = held(REQUEST)
    thread, ended = begun(lease)

    taken: list[int | None] = []
    other = threading.Thread(target=lambda: taken.append(claim_next(new_owner("worker"))))
    with engine(get_settings().database_url).connect() as locking:
        locking.execute(text("BEGIN IMMEDIATE"))
        time.sleep(leases.LEASE_SECONDS + 1)
        other.start()  # by now the lease looks as if its holder were dead
        time.sleep(9 - leases.LEASE_SECONDS)
        locking.rollback()
    thread.join(60)
    other.join()

    run = runs.get_run(lease.run_id)
    assert (ended, run.status, taken) == (["done"], "done", [None])
    assert [done.round for done in run.history] == list(range(151))


@pytest.mark.slow
def test_a_broken_mlflow_store_is_an_event_of_the_run_that_says_what_to_do(home: Path) -> None:
    run_id = ask()
    finish(run_id, round=3)
    (home / "mlflow.db").write_bytes(b"no database" * 1000)

    done = subprocess.run([sys.executable, "-m", "fl.tracking"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    run = runs.get_run(run_id)
    assert run.status == "done"
    assert f"move {home / 'mlflow.db'} away" in run.events[-1].text
    (home / "mlflow.db").unlink()
    assert tracking.main() == 0
    assert runs.get_run(run_id).mlflow_run != ""
