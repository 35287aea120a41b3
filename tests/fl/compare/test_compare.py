"""Comparing strategies: scenarios, figures, the command, and comparisons that the app starts."""

import json
import math
import time
from pathlib import Path

import numpy as np
import pytest

from fl.__main__ import main
from fl.compare.command import table
from fl.compare.jobs import COMPARISONS, start
from fl.compare.scenario import Scenario, parse_scenario, scenarios
from fl.compare.study import Measured, run_study, study_of
from fl.compare.summary import mean_with_interval, paired, summarise
from fl.request import RequestError
from fl.watcher import Cancelled, Stop
from models.registry import get_task

QUICK = ["--task", "breast_cancer", "--rounds", "2", "--seeds", "2"]


def test_a_scenario_says_how_rows_are_divided_and_what_goes_wrong() -> None:
    assert parse_scenario("dirichlet:0.3+sign_flip:0.2+drop:0.5") == Scenario(
        "dirichlet:0.3+sign_flip:0.2+drop:0.5", "dirichlet:0.3", "sign_flip:0.2", 0.5
    )
    assert parse_scenario("label_flip:0.3").partition == "iid"
    assert parse_scenario("units:0.1").corrupted and not parse_scenario("skew:50").corrupted


def test_sets_of_scenarios_stand_for_all_of_them_and_natural_only_where_there_are_hospitals() -> None:
    with_hospitals = [each.name for each in scenarios("clean", get_task("heart_disease"))]
    without = [each.name for each in scenarios("clean", get_task("breast_cancer"))]
    assert set(with_hospitals) - set(without) == {"natural"}
    everything = [each.name for each in scenarios("all,iid", get_task("breast_cancer"))]
    assert len(everything) == len(set(everything))
    for needed in ("label_noise:0.3", "sign_flip:0.2", "colluding:0.3", "adaptive:0.3", "units:0.1", "drop:0.5"):
        assert needed in everything


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scenario": "chaos"}, 'unknown scenario "chaos": write iid'),
        ({"scenario": "drop:2"}, '"2" is no part of the sites'),
        ({"scenario": "natural"}, "has no natural sites"),
        ({"strategies": "best"}, "strategy 'best' is not known"),
        ({"seeds": 1}, "seeds is 1: give a whole number from 2 to 100"),
    ],
)
def test_a_wrong_comparison_is_refused_with_what_would_be_right(change: dict[str, str], words: str) -> None:
    asked = {"task": "breast_cancer", "strategies": "agentic", "scenario": "iid", "seeds": 5, **change}
    with pytest.raises(RequestError) as refused:
        study_of(**asked)  # type: ignore[arg-type]
    assert words in str(refused.value)


def test_an_interval_is_students() -> None:
    middle, low, high = mean_with_interval([1.0, 2.0, 3.0])
    assert middle == 2.0
    assert high - middle == pytest.approx(4.3027 / math.sqrt(3), abs=1e-3)
    assert low == pytest.approx(4 - high)


def test_pairing_takes_out_what_the_seeds_have_in_common() -> None:
    baseline = np.array([0.1, 0.2, 0.4, 0.8])
    change, low, high, chance = paired((baseline * [0.61, 0.6, 0.59, 0.6]).tolist(), baseline.tolist())
    assert change == pytest.approx(-0.4, abs=0.01)
    assert low < change < high < -0.35
    assert chance < 0.001
    assert paired([0.1, 0.2], [0.1, 0.2])[3] == 1.0


def test_a_summary_has_a_row_a_cell_and_counts_what_failed_and_was_refused() -> None:
    runs = [
        Measured("fedavg", "iid", 0, loss=0.2, auc=0.9, accuracy=0.8, calibrated_loss=0.2),
        Measured("agentic", "iid", 0, loss=0.1, auc=0.9, accuracy=0.8, calibrated_loss=0.1, refused=4),
        Measured("fedavg", "iid", 1, loss=0.2, auc=0.9, accuracy=0.8, calibrated_loss=0.2),
        Measured("agentic", "iid", 1, error="quorum lost"),
    ]
    rows = summarise(runs)
    assert [(row["strategy"], row["failed"], row["refused"]) for row in rows] == [("fedavg", 0, 0), ("agentic", 1, 4)]
    assert rows[1]["change"] == pytest.approx(-0.5)
    assert rows[1]["p"] is None
    assert "1 failed" in table(rows)[2]
    json.dumps(rows, allow_nan=False)


def test_the_command_prints_a_table_and_writes_every_run(
    home: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "compare.json"
    assert main(["compare", *QUICK, "--strategies", "equal", "--scenario", "scaled:0.3", "--json", str(file)]) == 0
    said = capsys.readouterr()
    assert "scaled:0.3" in said.out and "against fedavg" in said.out
    document = json.loads(file.read_text())
    assert document["strategies"] == ["fedavg", "equal"]
    assert {(run["strategy"], run["seed"]) for run in document["runs"]} == {
        (strategy, seed) for strategy in ("fedavg", "equal") for seed in (0, 1)
    }
    assert document["n_heldout"] == 113
    assert document["command"].startswith("python -m fl compare --task breast_cancer --strategies fedavg,equal")


def test_wrong_input_is_one_line_and_exit_code_2(home: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--task", "breast_cancer", "--scenario", "chaos"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_comparison_can_be_stopped_and_keeps_what_it_has(home: object) -> None:
    stop, found = Stop(), list[Measured]()

    def told(runs: list[Measured]) -> None:
        found[:] = runs
        stop.set()

    with pytest.raises(Cancelled):
        run_study(study_of("breast_cancer", "equal", "iid", 2, rounds=1), stop=stop, told=told)
    assert len(found) == 1


@pytest.mark.slow
def test_a_comparison_started_by_the_app_runs_in_a_process_of_its_own_and_can_be_cancelled(home: Path) -> None:
    file = COMPARISONS.file(start("breast_cancer", "fedavg,equal", "iid,skew:50", 50))
    deadline = time.monotonic() + 60
    while file.read().done < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert file.read().total == 200
    file.cancel()
    while file.read().status == "running" and time.monotonic() < deadline:
        time.sleep(0.1)
    job = file.read()
    assert job.status == "cancelled"
    assert job.report["summary"][0]["strategy"] == "fedavg"
