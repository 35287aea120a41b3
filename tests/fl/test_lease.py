"""Exactly one process holds a run, and a dead one's run is free again."""

import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

from data.database import Run, now, transaction
from fl import lease as leases
from fl import runs
from fl.lease import Lease, claim_next, new_owner
from tests.fl.queue import ask, change, finish, held, wait_until


def beat(run_id: int) -> datetime:
    with transaction() as session:
        moment = session.get_one(Run, run_id).heartbeat_at
    assert moment is not None
    return moment


def test_runs_are_taken_in_the_order_they_were_asked_for(home: Path) -> None:
    first, second = ask(), ask()
    owner = new_owner("worker")

    assert claim_next(owner) == first
    assert claim_next(owner) == second
    assert claim_next(owner) is None


def test_a_run_goes_to_only_one_of_many_who_want_it(home: Path) -> None:
    run_id = ask()
    taken: list[int | None] = []
    start = threading.Barrier(6)

    def want() -> None:
        start.wait()
        taken.append(claim_next(new_owner("worker")))

    threads = [threading.Thread(target=want) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken, key=str) == [run_id, *[None] * 5]


def test_a_lease_that_is_renewed_is_not_free_and_one_that_is_not_is(home: Path) -> None:
    lease = held()
    assert claim_next(new_owner("worker")) is None

    change(lease.run_id, heartbeat_at=now() - timedelta(seconds=leases.LEASE_SECONDS + 0.1))

    assert claim_next(new_owner("worker")) == lease.run_id
    assert runs.get_run(lease.run_id).status == "running"


def test_a_kept_lease_beats(home: Path) -> None:
    with held() as lease:
        change(lease.run_id, heartbeat_at=now() - timedelta(seconds=3))
        assert wait_until(lambda: beat(lease.run_id) > now() - timedelta(seconds=1))

    assert not lease.stop.is_set()


def test_a_cancellation_reaches_the_run_within_half_a_second(home: Path) -> None:
    with held() as lease:
        began = time.monotonic()
        runs.cancel(lease.run_id, by=None)
        assert wait_until(lease.stop.is_set)

    assert time.monotonic() - began < 0.5 + 0.5  # the second half for a busy machine
    assert lease.reason == "cancel"


def test_whoever_lost_its_lease_is_told_to_stop(home: Path) -> None:
    with held() as lease:
        change(lease.run_id, lease_owner="somebody else")
        assert wait_until(lease.stop.is_set)

    assert lease.reason == "lost"


def test_the_holder_of_the_worker_lock_frees_what_dead_workers_held_at_once(home: Path) -> None:
    worker_run, command = ask(), held()
    assert claim_next(new_owner("worker")) == worker_run

    leases.release_dead_workers()

    assert claim_next(new_owner("worker")) == worker_run
    assert claim_next(new_owner("worker")) is None, f"run {command.run_id} is executed by a command that lives"


def test_a_finished_run_is_never_taken(home: Path) -> None:
    for status in ("done", "failed", "cancelled"):
        finish(ask(), status)

    assert claim_next(new_owner("worker")) is None


def test_a_lease_ends_for_the_first_reason_given_unless_it_is_lost() -> None:
    lease = Lease(1, "me")

    lease.end("cancel")
    lease.end("shutdown")
    assert lease.reason == "cancel"
    lease.end("lost")
    assert lease.reason == "lost"
