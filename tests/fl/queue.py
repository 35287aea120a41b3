"""Runs in the database for tests: asked for, held, and finished, without computing anything."""

import time
from collections.abc import Callable

from data.database import Run, now, transaction
from fl import runs
from fl.lease import Lease, new_owner
from fl.request import RunRequest

REQUEST = RunRequest(task="breast_cancer", sites=3, rounds=4, benefit=False)


def ask(request: RunRequest = REQUEST) -> int:
    return runs.submit(request, by=None)


def held(request: RunRequest = REQUEST) -> Lease:
    owner = new_owner("command")
    return Lease(runs.submit(request, by=None, owner=owner), owner)


def change(run_id: int, **columns: object) -> None:
    with transaction() as session:
        run = session.get_one(Run, run_id)
        for name, value in columns.items():
            setattr(run, name, value)


def finish(run_id: int, status: str = "done", **columns: object) -> None:
    change(run_id, status=status, started_at=now(), finished_at=now(), lease_owner=None, **columns)


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.01)
    return False
