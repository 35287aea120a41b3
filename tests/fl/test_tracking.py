"""MLflow gets every finished run, and cannot spoil one."""

from pathlib import Path

import pytest

from fl import runs, tracking
from fl.engine import Engine
from fl.execute import execute
from fl.request import RunRequest
from models.versions import get_version
from tests.fl.queue import ask, finish, held


def test_an_mlflow_that_fails_is_an_event_of_the_run_and_told_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("database is locked")

    monkeypatch.setattr(tracking, "_client", broken)
    run_id = ask()
    finish(run_id, round=3)

    assert tracking.track(run_id) is False
    assert tracking.track(run_id) is False

    run = runs.get_run(run_id)
    assert (run.status, run.mlflow_run) == ("done", "")
    assert [event.text for event in run.events if "MLflow could not take" in event.text] == [run.events[-1].text]


def test_only_finished_runs_with_a_round_are_handed_over(home: Path) -> None:
    waiting, empty, done, cancelled = ask(), ask(), ask(), ask()
    finish(empty, "failed")
    finish(done, round=4)
    finish(cancelled, "cancelled", round=1)

    assert tracking.untracked() == {done, cancelled}
    assert waiting not in tracking.untracked()


@pytest.mark.slow
def test_a_run_is_in_mlflow_with_its_curve_its_settings_and_its_model(home: Path) -> None:
    lease = held(RunRequest(task="breast_cancer", sites=3, rounds=3, benefit=False, executor="in-process", seed=5))
    with lease:
        execute(lease, Engine())

    assert tracking.main() == 0

    run = runs.get_run(lease.run_id)
    client = tracking._client()
    kept = client.get_run(run.mlflow_run)
    assert kept.info.status == "FINISHED"
    assert kept.data.params["seed"] == "5"
    assert kept.data.params["executor"] == "in-process"
    assert kept.data.metrics["final.auc"] == pytest.approx(run.final["auc"]["value"])
    curve = client.get_metric_history(run.mlflow_run, "loss")
    assert [(point.step, point.value) for point in curve] == [(done.round, done.loss) for done in run.history]
    files = {file.path for file in client.list_artifacts(run.mlflow_run, "model")}
    assert files == {"model/weights.safetensors", "model/manifest.json"}
    assert run.version_id is not None
    assert get_version(run.version_id).manifest["seed"] == 5
    assert tracking.untracked() == set()
