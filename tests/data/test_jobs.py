"""Long work in a process of its own: one at a time, told by a file, cancelled by a note, never silent at its end."""

import os
import time
from pathlib import Path

import pytest

from data import jobs
from data.jobs import Busy, JobFile, Jobs

SOME = Jobs("some")


def test_one_is_started_at_a_time_and_knows_its_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[list[str], JobFile]] = []
    monkeypatch.setattr(jobs, "_begin", lambda arguments, file: begun.append((arguments, file)))
    assert SOME.start(["fl", "compare"], {"task": "vitals"}) == 1
    assert begun == [(["fl", "compare"], SOME.file(1))]
    assert SOME.file(1).read() == jobs.Job(1, "running", 0, 0, {"task": "vitals"})
    with pytest.raises(Busy):
        SOME.start(["fl", "compare"], {})
    SOME.file(1).write("done", 3, 3, {})
    assert SOME.start(["fl", "compare"], {}) == 2
    assert [job.number for job in SOME.all()] == [2, 1]


def test_the_note_to_cancel_is_seen_once_and_taken_away(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOOK_SECONDS", 0.01)
    file, stopped = SOME.file(1), list[float]()
    file.write("running", 0, 0, {})
    with file.watched(os.getppid(), lambda: stopped.append(time.monotonic())):
        time.sleep(0.05)
        assert stopped == []
        file.cancel()
        deadline = time.monotonic() + 5
        while not stopped and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
    assert len(stopped) == 1
    assert not list(file.path.parent.glob("*.cancel"))


def test_a_process_whose_parent_is_gone_is_stopped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOOK_SECONDS", 0.01)
    file, stopped = SOME.file(1), list[bool]()
    file.write("running", 0, 0, {})
    with file.watched(1 + os.getppid(), lambda: stopped.append(True)):
        deadline = time.monotonic() + 5
        while not stopped and time.monotonic() < deadline:
            time.sleep(0.01)
    assert stopped == [True]


def test_a_process_that_ends_without_a_word_has_failed_and_that_is_said_at_once(home: Path) -> None:
    number = SOME.start(["json.tool", "--no-such-option"], {})
    deadline = time.monotonic() + 20
    while SOME.file(number).read().status == "running" and time.monotonic() < deadline:
        time.sleep(0.02)
    job = SOME.file(number).read()
    assert job.status == "failed"
    assert job.error == "Its process ended without a word (exit code 2); 1.log in HOME/some may say why."
    assert "--no-such-option" in SOME.file(number).log.read_text()


def test_a_job_without_a_sign_of_life_has_failed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SOME.file(1).write("running", 3, 10, {})
    assert SOME.file(1).read().status == "running"
    monkeypatch.setattr(jobs, "DEAD_SECONDS", -1.0)
    assert SOME.file(1).read().error == "Its process ended without a word."


def test_there_is_no_job_of_a_number_that_was_not_given(home: Path) -> None:
    with pytest.raises(KeyError):
        SOME.file(7).read()
