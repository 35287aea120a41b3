"""An audit that the app starts: it says how far it is, keeps what it finds, and ends when told or alone."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fl.__main__ import main
from fl.privacy import audit_job
from fl.privacy.audit import last_audit
from fl.progress import list_runs


def wait_for(done: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.1)


def ended(run: int) -> bool:
    going = audit_job.state(run)
    return going is None or going.ended


@pytest.mark.slow
def test_an_audit_says_how_far_it_is_and_cancelling_another_keeps_what_it_found(home: Path) -> None:
    assert main(["run", "--task", "breast_cancer", "--sites", "2", "--rounds", "2", "--no-mlflow"]) == 0
    run = list_runs()[0].id
    said: set[str] = set()

    def done() -> bool:
        going = audit_job.state(run)
        said.add(going.said if going else "")
        return going is None

    audit_job.start(run)
    wait_for(done, 200)
    assert any("copies of the run" in line for line in said)
    found = last_audit(run)
    assert found is not None and found.members > 100

    audit_job.start(run)
    audit_job.cancel(run)
    going = audit_job.state(run)
    assert going is not None and going.ended
    assert going.said.startswith("Cancelled")
    assert last_audit(run) == found


@pytest.mark.slow
def test_an_audit_of_a_run_that_does_not_exist_ends_with_a_sentence(home: Path) -> None:
    audit_job.start(99)
    wait_for(lambda: ended(99), 100)
    going = audit_job.state(99)
    assert going is not None and "run 99 does not exist" in going.said
