"""Runs as rows, for tests of what is drawn from them; the engine itself is tested elsewhere."""

from datetime import timedelta
from typing import Any

from data.database import RoundRecord, Run, RunEvent, RunSite, SiteRound, now, transaction
from fl.request import RunRequest

FINAL = {
    metric: {"value": value, "low": value - 0.02, "high": value + 0.005}
    for metric, value in {"auc": 0.99, "accuracy": 0.96, "sensitivity": 0.95, "specificity": 0.97, "loss": 0.1}.items()
}


def add_run(status: str = "done", *, sites: int = 3, done: int = 2, by: int | None = None, **request: Any) -> int:
    """Write a run of ``done`` rounds; site 1 is left out of round 1, site 2 could not train alone."""
    asked = RunRequest(**{"task": "breast_cancer", "rounds": 4, "sites": sites, **request})
    with transaction() as session:
        run = Run(
            task=asked.task,
            request=asked.to_json(),
            status=status,
            phase="training" if status == "running" else "",
            round=done,
            rounds=asked.rounds,
            requested_by=by,
            started_at=now() - timedelta(seconds=9) if status != "queued" else None,
            finished_at=now() if status in ("done", "failed", "cancelled") else None,
            heartbeat_at=now(),
            executor="in-process",
            final=FINAL if status == "done" else {},
        )
        session.add(run)
        session.flush()
        if status == "queued":
            return run.id
        for position in range(sites):
            benefit = _benefit(position) if status == "done" else {}
            site = RunSite(
                run_id=run.id, position=position, name=f"Site {'ABCDEFGHIJ'[position % 10]}", benefit=benefit
            )
            site.samples, site.state, site.round, site.bytes_up = 40 + position, "answered", done, 2000
            session.add(site)
        for round_ in range(done + 1):
            _round(session, run.id, round_, sites)
        session.add(RunEvent(run_id=run.id, text="Site B sent <b>NaN</b> and is left out.", level="warning"))
        return run.id


def _benefit(position: int) -> dict[str, Any]:
    local = {"auc": {"value": 0.9 + position / 100, "low": 0.88, "high": 0.95}} if position != 2 else {}
    return {"local": local, "federated": FINAL, "pooled": {"auc": {"value": 0.995, "low": 0.98, "high": 1.0}}}


def _round(session: Any, run_id: int, round_: int, sites: int) -> None:
    failures = [{"site": "Site B", "reason": "sent NaN"}] if round_ == 1 else []
    auc = 0.5 + round_ / 10
    record = RoundRecord(run_id=run_id, round=round_, loss=0.7 - round_ / 10, metrics={"auc": auc, "accuracy": 0.8})
    record.seconds, record.replies, record.failures = 0.02, sites - len(failures), failures
    session.add(record)
    for position in range(sites if round_ else 0):
        refused = round_ == 1 and position == 1
        point = SiteRound(run_id=run_id, round=round_, position=position, state="refused" if refused else "answered")
        point.loss, point.metrics = (None, {}) if refused else (0.8 - round_ / 10, {"auc": auc - 0.01 * position})
        session.add(point)
