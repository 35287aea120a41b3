"""MLflow's record of finished runs, in HOME/mlflow.db, beside the database that MedHive itself reads.

It is written after a run has ended, from the database, in one batch, so that MLflow neither slows a run nor can
spoil one: what goes wrong here is an event of the run.
"""

import logging
import math
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from data.database import ModelVersion, Run, RunEvent, transaction
from fl.progress import FINISHED, RunView, get_run
from models.stored import MANIFEST, WEIGHTS
from settings import get_settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

LARGEST_BATCH = 1000  # metrics MLflow takes at once
STATUS = {"done": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}

log = logging.getLogger(__name__)


def store_address() -> str:
    """Return the address of MLflow's database."""
    return f"sqlite:///{get_settings().home / 'mlflow.db'}"


def prepare() -> None:
    """Import MLflow and bring its database to its newest schema: seconds the first time, to be spent while idle."""
    _client().search_experiments(max_results=1)


def untracked() -> set[int]:
    """Return the finished runs with at least one round that MLflow does not know."""
    query = select(Run.id).where(Run.status.in_(FINISHED), Run.round > 0, Run.mlflow_run == "")
    with transaction() as session:
        return set(session.scalars(query))


def track(run_id: int) -> bool:
    """Write a finished run to MLflow; when that fails the run gets an event that says so, and False is returned."""
    try:
        key = _log(get_run(run_id))
    except Exception as error:  # whatever MLflow raises: the run itself is not touched by it
        log.warning("run %d was not written to MLflow: %s", run_id, type(error).__name__)
        text = (
            f"MLflow could not take this run ({type(error).__name__}); all of it is kept here. If that happens again, "
            f"move {get_settings().home / 'mlflow.db'} away: the next start of MedHive makes a new one."
        )
        with transaction() as session:
            known = session.scalar(select(RunEvent.id).where(RunEvent.run_id == run_id, RunEvent.text == text))
            if known is None:
                session.add(RunEvent(run_id=run_id, level="warning", text=text))
        return False
    with transaction() as session:
        session.execute(update(Run).where(Run.id == run_id).values(mlflow_run=key))
    return True


def _client() -> "MlflowClient":
    import mlflow

    logging.getLogger("alembic").setLevel(logging.WARNING)  # MLflow's migrations speak at length
    return mlflow.MlflowClient(tracking_uri=store_address())


def _log(run: RunView) -> str:
    from mlflow.entities import Metric, Param, RunTag

    client = _client()
    began = _milliseconds(run.started_at or run.created_at)
    experiment = client.get_experiment_by_name(run.task)
    artifacts = (get_settings().home / "mlartifacts" / run.task).as_uri()
    where = experiment.experiment_id if experiment else client.create_experiment(run.task, artifacts)
    created = client.create_run(where, start_time=began, run_name=f"run {run.id}")
    key: str = created.info.run_id
    metrics = [
        Metric(name, float(value), _milliseconds(done.at), done.round)
        for done in run.history
        for name, value in {"loss": done.loss, "seconds": done.seconds, "replies": done.replies, **done.metrics}.items()
        if math.isfinite(value)
    ]
    ended = _milliseconds(run.finished_at or run.created_at)
    metrics += [
        Metric(f"final.{name}", float(score["value"]), ended, run.round)
        for name, score in run.final.items()
        if score.get("value") is not None
    ]
    params = [Param(name, str(value)[:500]) for name, value in _params(run).items()]
    tags = [RunTag("medhive.run", str(run.id)), RunTag("medhive.status", run.status)]
    for first in range(0, max(1, len(metrics)), LARGEST_BATCH):
        once = first == 0
        client.log_batch(key, metrics[first : first + LARGEST_BATCH], params if once else [], tags if once else [])
    for path in _files(run):
        client.log_artifact(key, str(path), "model")
    client.set_terminated(key, STATUS[run.status], ended)
    return key


def _params(run: RunView) -> dict[str, Any]:
    asked = run.request.to_json()
    settings = asked.pop("strategy_settings")
    own = {f"strategy.{name}": value for name, value in settings.items()}
    return {**asked, **own, "executor": run.executor or asked["executor"], "taking_part": len(run.sites)}


def _files(run: RunView) -> list[Path]:
    if run.version_id is None:
        return []
    with transaction() as session:
        folder = get_settings().home / session.get_one(ModelVersion, run.version_id).path
    return [folder / WEIGHTS, folder / MANIFEST]


def _milliseconds(moment: Any) -> int:
    return int(moment.timestamp() * 1000) if moment else int(time.time() * 1000)


def main() -> int:
    """Get MLflow ready and hand over all runs it does not know: ``python -m fl.tracking``, what the worker calls."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        prepare()
    except Exception as error:  # whatever MLflow raises: each run is told below
        log.warning("MLflow's database cannot be used: %s", type(error).__name__)
    failed = [run_id for run_id in sorted(untracked()) if not track(run_id)]
    return 1 if failed else 0


if __name__ == "__main__":
    os.nice(10)
    sys.exit(main())
