"""Asking for runs, cancelling and resuming them, and what any browser reads."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from accounts import audit
from data.database import DatasetRecord, RunSite, Site, now, transaction
from fl import runs
from fl.lease import claim_next, new_owner
from fl.remaining import remaining_seconds
from tests.fl.queue import REQUEST, ask, change, finish, held


def test_a_run_that_is_asked_for_waits_in_its_place(home: Path) -> None:
    first, second = ask(), ask()

    assert [runs.get_run(run).position_in_queue for run in (first, second)] == [1, 2]
    assert runs.get_run(second).status == "queued"
    assert claim_next(new_owner("worker")) == first
    assert [runs.get_run(run).position_in_queue for run in (first, second)] == [None, 1]


def test_every_reader_sees_the_same(home: Path) -> None:
    run_id = ask()
    finish(run_id)

    assert runs.get_run(run_id) == runs.get_run(run_id) == runs.latest_run()


def test_the_request_comes_back_as_it_was_given(home: Path) -> None:
    request = replace(REQUEST, strategy="fedprox", seed=11, partition="dirichlet:0.5")

    kept = runs.get_run(ask(request)).request

    assert kept == request.validated()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"task": "toothache"}, "toothache"),
        ({"rounds": 0}, "rounds is 0"),
        ({"strategy": "magic"}, "magic"),
        ({"datasets": (99,)}, "99"),
        ({"sites": 0}, "at least one site"),
        ({"partition": "natural"}, "natural"),
        ({"sites": 5000}, "5000"),
    ],
)
def test_a_wrong_request_is_refused_with_a_sentence_and_leaves_no_run(home: Path, wrong: dict, says: str) -> None:
    with pytest.raises(runs.RequestError, match=says):
        ask(replace(REQUEST, **wrong))

    assert runs.list_runs() == []


def test_a_withdrawn_dataset_cannot_be_trained_on(home: Path) -> None:
    with transaction() as session:
        site = Site(name="North", wrapped_key=b"")
        session.add(site)
        session.flush()
        row = DatasetRecord(site_id=site.id, task="breast_cancer", filename="a.csv", rows=9, positives=4, sha256="0")
        row.path, row.withdrawn_at = "x", now()
        session.add(row)
        session.flush()
        number = row.id

    with pytest.raises(runs.RequestError, match=f"dataset {number} was withdrawn"):
        ask(replace(REQUEST, datasets=(number,)))


def test_a_queued_run_is_cancelled_at_once(home: Path) -> None:
    run_id = ask()

    runs.cancel(run_id, by=None)

    run = runs.get_run(run_id)
    assert (run.status, run.active, run.remaining) == ("cancelled", False, None)
    assert claim_next(new_owner("worker")) is None
    assert "Cancelled before it started" in run.events[-1].text


def test_a_running_run_is_asked_to_stop_and_says_so(home: Path) -> None:
    lease = held()

    runs.cancel(lease.run_id, by=None)

    run = runs.get_run(lease.run_id)
    assert (run.status, run.phase) == ("running", "cancelling")


def test_a_run_whose_process_is_gone_is_cancelled_at_once_when_no_worker_is_there(home: Path) -> None:
    lease = held()
    change(lease.run_id, heartbeat_at=now() - timedelta(minutes=1))

    runs.cancel(lease.run_id, by=None)

    assert runs.get_run(lease.run_id).status == "cancelled"


def test_a_finished_run_cannot_be_cancelled(home: Path) -> None:
    run_id = ask()
    finish(run_id)

    with pytest.raises(runs.WrongState, match=f"run {run_id} is done already"):
        runs.cancel(run_id, by=None)


def test_an_unknown_run_is_named(home: Path) -> None:
    for act in (runs.get_run, lambda run: runs.cancel(run, by=None), lambda run: runs.resume(run, by=None)):
        with pytest.raises(runs.UnknownRun, match="run 404 does not exist"):
            act(404)


def test_a_cancelled_run_can_be_resumed_and_a_done_one_not(home: Path) -> None:
    cancelled, done = ask(), ask()
    finish(cancelled, "cancelled", error="x", attempts=3)
    finish(done)

    runs.resume(cancelled, by=None)

    run = runs.get_run(cancelled)
    assert (run.status, run.error, run.finished_at, run.position_in_queue) == ("queued", "", None, 1)
    with pytest.raises(runs.WrongState, match="start a new one"):
        runs.resume(done, by=None)
    with pytest.raises(runs.WrongState, match="queued already"):
        runs.resume(cancelled, by=None)


def test_every_act_is_in_the_audit_log(home: Path) -> None:
    run_id = ask()
    runs.cancel(run_id, by=None)
    runs.resume(run_id, by=None)

    subjects = {(entry.action, entry.subject) for entry in audit.entries()}
    about = f"run {run_id} of breast_cancer"
    assert {("asked for a run", about), ("cancelled a run", about), ("resumed a run", about)} <= subjects


def test_the_list_tells_task_status_and_the_newest_first(home: Path) -> None:
    first, second = ask(), ask()
    finish(first, final={"auc": {"value": 0.9, "low": 0.8, "high": 1.0}})

    assert [run.id for run in runs.list_runs()] == [second, first]
    assert [(run.id, run.auc) for run in runs.list_runs(status="done")] == [(first, 0.9)]
    assert runs.list_runs(task="vitals") == []
    assert len(runs.list_runs(limit=1)) == 1


def test_the_active_run_is_the_one_being_executed(home: Path) -> None:
    assert runs.active_run() is None
    waiting = ask()
    lease = held()

    active = runs.active_run()
    assert active is not None
    assert active.id == lease.run_id != waiting


def test_a_site_reads_what_each_run_brought_it(home: Path) -> None:
    run_id = ask()
    with transaction() as session:
        site = Site(name="North", wrapped_key=b"")
        session.add(site)
        session.flush()
        session.add(RunSite(run_id=run_id, position=0, name="North", site_id=site.id, benefit={"local": {}}, samples=5))
        site_id = site.id

    gained = runs.benefit_for_site(site_id)

    assert [(gain.run_id, gain.task, gain.samples, gain.benefit) for gain in gained] == [
        (run_id, "breast_cancer", 5, {"local": {}})
    ]
    assert runs.benefit_for_site(site_id + 1) == []


def test_remaining_time_counts_the_warm_up_and_the_benefit_of_earlier_runs(home: Path) -> None:
    earlier, run_id = ask(), ask()
    finish(earlier, seconds={"startup": 5.0, "first_round": 6.0, "rounds": 8.0, "total": 16.0})

    expected = 5.0 + 8.0 + 3.0  # warm-up, four rounds of 2 s, what came after
    assert runs.get_run(run_id).remaining == pytest.approx(expected)

    change(run_id, status="running", started_at=now() - timedelta(seconds=2))
    assert runs.get_run(run_id).remaining == pytest.approx(expected - 2, abs=0.2)


def test_remaining_time_follows_the_own_pace_once_rounds_are_done(home: Path) -> None:
    run_id = held().run_id
    change(run_id, round=2)
    with transaction() as session:
        from data.database import Run

        assert remaining_seconds(session, session.get_one(Run, run_id), [1.0, 3.0]) == pytest.approx(4.0)


def test_without_any_earlier_run_nothing_is_claimed_about_the_remaining_time(home: Path) -> None:
    assert runs.get_run(ask()).remaining is None


def test_no_worker_means_not_alive(home: Path) -> None:
    assert runs.worker_status().alive is False
    (home / "worker.json").write_text("not json")
    assert runs.worker_status().alive is False


def test_the_queue_goes_by_priority_and_then_by_age(home: Path) -> None:
    first, second = ask(), ask()
    urgent = runs.submit(REQUEST, by=None, priority=5)
    runs.prioritise(first, -1, by=None)

    by_place = sorted(runs.list_runs(status="queued"), key=lambda run: run.position_in_queue or 0)
    assert [(run.id, run.position_in_queue, run.priority) for run in by_place] == [
        (urgent, 1, 5),
        (second, 2, 0),
        (first, 3, -1),
    ]
    assert [runs.get_run(run).position_in_queue for run in (first, second, urgent)] == [3, 2, 1]
    assert [claim_next(new_owner("worker")) for _ in range(3)] == [urgent, second, first]


def test_a_run_that_was_being_executed_comes_before_all_that_wait(home: Path) -> None:
    begun = ask()
    assert claim_next(new_owner("worker")) == begun
    change(begun, heartbeat_at=None)
    runs.submit(REQUEST, by=None, priority=100)

    assert claim_next(new_owner("worker")) == begun


def test_moving_a_run_in_the_queue_is_in_the_audit_log(home: Path) -> None:
    run_id = ask()

    runs.prioritise(run_id, 7, by=None)

    entry = audit.entries()[0]
    assert (entry.action, entry.subject) == ("moved a run in the queue", f"run {run_id} of breast_cancer")
    assert entry.detail == {"from": 0, "to": 7}


@pytest.mark.parametrize("wrong", [1.5, "high", True, 1_000_001])
def test_a_priority_that_is_no_whole_number_in_range_is_refused(home: Path, wrong: object) -> None:
    with pytest.raises(runs.RequestError, match="priority is"):
        runs.submit(REQUEST, by=None, priority=wrong)  # type: ignore[arg-type]


def test_only_a_run_that_waits_can_be_moved(home: Path) -> None:
    run_id = ask()
    finish(run_id)

    with pytest.raises(runs.WrongState, match="only one that waits"):
        runs.prioritise(run_id, 1, by=None)
