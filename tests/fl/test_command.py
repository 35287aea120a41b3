"""The command line: exit codes, one line for wrong input, and the JSON object as the design states it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fl import runs
from fl.__main__ import main
from settings import ROOT
from tests.fl.queue import ask, finish, wait_until

SHORT = ["run", "--task", "breast_cancer", "--sites", "3", "--rounds", "2", "--seed", "0", "--no-mlflow"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--task", "toothache"], "toothache"),
        (["run", "--task", "breast_cancer", "--rounds", "0"], "rounds is 0"),
        (["run", "--task", "breast_cancer", "--rounds", "many"], "many"),
        (["run", "--task", "breast_cancer", "--strategy", "magic"], "magic"),
        (["run", "--task", "breast_cancer", "--setting", "mu"], "NAME=NUMBER"),
        (["run", "--task", "breast_cancer", "--datasets", "a,b"], "a,b"),
        (["run", "--task", "breast_cancer", "--datasets", "7"], "dataset 7"),
        (["run", "--task", "breast_cancer", "--executor", "abacus"], "abacus"),
        (["run", "--task", "breast_cancer", "--fraction", "2"], "fraction"),
        (["run", "--task", "breast_cancer", "--deadline", "-1"], "deadline"),
        (["run", "--task", "breast_cancer", "--drop", "1"], "drop"),
        (["run", "--task", "breast_cancer", "--priority", "3"], "--queue"),
        (["run", "--task", "breast_cancer", "--queue", "--priority", "9999999"], "priority"),
        (["run", "--task", "breast_cancer", "--queue", "--json", "r.json"], "--queue"),
        (["run", "--task", "breast_cancer", "--json", "/no/such/folder/r.json"], "/no/such/folder/r.json"),
        (["run"], "--task"),
        (["resume", "99"], "run 99 does not exist"),
        (["cancel", "99"], "run 99 does not exist"),
        (["cancel", "one"], "one"),
        (["dance"], "dance"),
        ([], "COMMAND"),
    ],
)
def test_wrong_input_ends_with_two_and_one_line_that_says_what(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(str(end.code))

    said = capsys.readouterr()
    assert code == 2
    assert says in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert runs.list_runs() == []


def test_a_done_run_cannot_be_resumed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = ask()
    finish(run_id)

    assert main(["resume", str(run_id)]) == 2
    assert "start a new one" in capsys.readouterr().err


def test_a_queued_run_is_cancelled_from_the_command_line(home: Path) -> None:
    run_id = ask()

    assert main(["cancel", str(run_id)]) == 0
    assert runs.get_run(run_id).status == "cancelled"


def test_the_list_and_the_strategies_are_printed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert "no run yet" in capsys.readouterr().out
    run_id = ask()

    assert main(["list", "--json", str(home / "runs.json")]) == 0
    assert f"{run_id}  " in capsys.readouterr().out
    assert json.loads((home / "runs.json").read_text())[0]["id"] == run_id
    assert main(["strategies"]) == 0
    assert "fedprox" in capsys.readouterr().out


def test_runs_left_to_the_worker_queue_by_priority_and_the_list_shows_their_places(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SHORT[:-1], "--queue"]) == 0
    assert "run 1 is number 1 in the queue; no worker is running" in capsys.readouterr().out
    assert main([*SHORT[:-1], "--queue", "--priority", "5"]) == 0
    assert "run 2 is number 1 in the queue" in capsys.readouterr().out

    assert main(["list"]) == 0

    newest, oldest = capsys.readouterr().out.splitlines()
    assert newest.endswith("0/2  number 1 in the queue, priority 5")
    assert oldest.endswith("0/2  number 2 in the queue")


def test_sampling_deadline_and_drop_outs_reach_the_run(home: Path) -> None:
    assert main([*SHORT[:-1], "--queue", "--fraction", "0.5", "--deadline", "30", "--drop", "0.25"]) == 0

    request = runs.get_run(1).request
    assert (request.fraction, request.deadline, request.drop) == (0.5, 30, 0.25)


def test_the_json_object_is_exactly_that_of_the_design(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the test keeps its own
    path = home / "run.json"

    assert main([*SHORT, "--json", str(path)]) == 0

    document = json.loads(path.read_text())
    top = ["run_id", "task", "strategy", "executor", "seed", "sites", "rounds", "final", "seconds", "bytes", "model"]
    assert list(document) == top
    assert [set(site) for site in document["sites"]] == [{"name", "samples"}] * 3
    assert [done["round"] for done in document["rounds"]] == [1, 2]
    assert set(document["rounds"][0]) == {"round", "loss", "metrics", "seconds", "replies", "failures"}
    assert set(document["final"]) == {"auc", "accuracy", "loss"}
    assert set(document["seconds"]) == {"startup", "first_round", "rounds", "total"}
    assert all(isinstance(value, float) for value in document["seconds"].values())
    assert set(document["bytes"]) == {"up", "down"}
    assert 4 * 1500 < document["bytes"]["up"] < 4 * 3000  # some fifteen hundred weights
    assert set(document["model"]) == {"path", "sha256"}
    assert Path(document["model"]["path"]).is_file()
    assert (document["executor"], document["seed"], document["strategy"]) == ("vectorised", 0, "fedavg")
    assert "AUC" in capsys.readouterr().out


def test_a_run_that_fails_ends_with_one(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import fl.federation
    from fl.watcher import QuorumLost

    def lost(*_: object, **__: object) -> None:
        raise QuorumLost("0 of 3 sites sent a usable update.")

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(fl.federation, "federate", lost)

    assert main(SHORT) == 1
    assert "0 of 3 sites" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_cancels_the_run_keeps_its_model_and_ends_with_130(home: Path) -> None:
    words = [sys.executable, "-m", "fl", "run", "--task", "breast_cancer", "--rounds", "5000", "--no-mlflow"]
    process = subprocess.Popen(words, cwd=ROOT, env=os.environ, stderr=subprocess.DEVNULL, start_new_session=True)
    assert wait_until(lambda: bool((run := runs.latest_run()) and run.round >= 3), 90)

    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    run = runs.latest_run()
    assert run is not None
    assert wait_until(lambda: not runs.get_run(run.id).active)
    assert time.monotonic() - began < 2

    assert process.wait(20) == 130
    cancelled = runs.get_run(run.id)
    assert cancelled.status == "cancelled"
    assert cancelled.version_id is not None


@pytest.mark.slow
def test_a_run_cancelled_elsewhere_ends_the_command_that_executes_it(home: Path) -> None:
    words = [sys.executable, "-m", "fl", "run", "--task", "breast_cancer", "--rounds", "5000", "--no-mlflow"]
    process = subprocess.Popen(words, cwd=ROOT, env=os.environ, stderr=subprocess.DEVNULL, start_new_session=True)
    assert wait_until(lambda: bool((run := runs.latest_run()) and run.round >= 1), 90)
    run = runs.latest_run()
    assert run is not None

    assert main(["cancel", str(run.id)]) == 0

    assert process.wait(20) == 130
    assert runs.get_run(run.id).status == "cancelled"
