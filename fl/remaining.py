"""How long a run will still take: warm-up, rounds and benefit, estimated from its own pace and from earlier runs."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.database import Run, now

EARLIER_RUNS = 10
RECENT_ROUNDS = 10
UNMEASURED_STARTUP = {"ray": 10.0, "flower": 12.0}  # seconds, cold, on two cores; replaced by the first measured run
UNMEASURED_STARTUP_ELSE = 3.0


def remaining_seconds(session: Session, run: Run, round_seconds: Sequence[float]) -> float | None:
    """Return the seconds a run will still take.

    Parameters
    ----------
    session : an open transaction.
    run : the run.
    round_seconds : how long its rounds took so far.

    Returns
    -------
    Seconds, at least 0; None when it has finished, or when nothing is known yet that an estimate could rest on.
    """
    if run.status not in ("queued", "running"):
        return None
    earlier = _earlier(session, run)
    spent = (now() - run.started_at).total_seconds() if run.status == "running" and run.started_at else 0.0
    afterwards = median(_afterwards(seconds) for seconds in earlier) if earlier else 0.0
    if round_seconds:
        pace = sum(round_seconds[-RECENT_ROUNDS:]) / len(round_seconds[-RECENT_ROUNDS:])
        if run.round >= run.rounds:
            trained = _startup(run, earlier) + sum(round_seconds)
            return max(0.0, trained + afterwards - spent)
        return pace * (run.rounds - run.round) + afterwards
    if not earlier:
        return None
    pace = median(float(seconds["pace"]) for seconds in earlier)
    return max(0.0, _startup(run, earlier) - spent) + pace * (run.rounds - run.round) + afterwards


def _earlier(session: Session, run: Run) -> list[dict[str, Any]]:
    """Return the seconds of the newest finished runs like this one, those of the same executor first."""
    query = select(Run).where(Run.task == run.task, Run.status == "done", Run.id != run.id).order_by(Run.id.desc())
    found = [other for other in session.scalars(query.limit(EARLIER_RUNS)) if "rounds" in other.seconds]
    same = [other for other in found if run.executor in ("", other.executor)]
    epochs = run.request.get("local_epochs", 1)
    return [
        {
            **other.seconds,
            "pace": other.seconds["rounds"] / other.rounds * epochs / other.request.get("local_epochs", 1),
        }
        for other in same or found
    ]


def _startup(run: Run, earlier: Sequence[dict[str, Any]]) -> float:
    measured = [float(seconds["startup"]) for seconds in earlier if "startup" in seconds]
    return median(measured) if measured else UNMEASURED_STARTUP.get(run.executor, UNMEASURED_STARTUP_ELSE)


def _afterwards(seconds: dict[str, Any]) -> float:
    """What came after training: benefit, intervals, the model version."""
    return max(0.0, float(seconds.get("total", 0.0)) - float(seconds.get("startup", 0.0)) - float(seconds["rounds"]))
