"""The report on language models: every figure is of this run, stands beside FED-MED's claim, and is drawn."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.report import measure, speed
from benchmarks.report.claims import CLAIMS
from benchmarks.report.joined import RULES, counted
from data.jobs import JobFile, Jobs
from data.public import DataMissing
from data.table import Dataset
from fl.strategies.rule import Round, mean
from models.tasks.medical_qa import task as medical_qa
from tests import tiny_language
from tests.benchmarks.report_figures import FOUND

SMALL = measure.Plan(rounds=2, steps=1, seeds=1, scored=1, few=3, members=3, asked=1)


@pytest.fixture
def small(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dataset]:
    monkeypatch.setattr(measure, "QUICK", SMALL)
    monkeypatch.setattr(speed, "_cold", lambda: (6.0, 7.0))
    with tiny_language.installed(tiny_language.save(tmp_path / "tiny"), monkeypatch) as made:
        yield made


@pytest.mark.slow
def test_the_report_measures_writes_and_draws_each_part_beside_its_claim(
    small: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    assert main(["report", "--quick", "--out", str(out)]) == 0
    found = json.loads((out / "benchmark_results.json").read_text())
    page = (out / "BENCHMARK_REPORT.md").read_text()
    assert (out / "benchmark_charts.png").stat().st_size > 20_000
    assert set(found["parts"]) == set(CLAIMS)
    for name, claim in CLAIMS.items():
        assert found["parts"][name]["claimed"] == claim.said and claim.said in page and claim.about in page
    assert found["size"]["trained"] * 4 < found["size"]["bytes_up"] < found["size"]["trained"] * 4 + 300
    assert len(found["convergence"]["losses"]) == 3 and set(found["convergence"]["sites"]) == set(tiny_language.SITES)
    assert found["aggregation"]["fedavg"]["loss"]["value"] == pytest.approx(
        found["convergence"]["losses"][-1], rel=1e-5
    )
    assert found["weights"]["fedavg"] == pytest.approx(dict.fromkeys(tiny_language.SITES, 1 / 3), abs=1e-3)
    assert found["speed"]["times"] == pytest.approx(7.0 / found["speed"]["warm"])
    assert found["privacy"]["overlap"] == 0 and found["seconds"]["cpu"] > 0
    assert [step["what"] for step in found["steps"]][1] == "training at three sites, seed 0"
    assert len(found["steps"]) == measure.steps_of(SMALL)
    assert set(found["charts"]) == set(CLAIMS)
    assert found["charts"]["convergence"]["series"][0]["values"] == found["convergence"]["losses"]
    told = capsys.readouterr().err
    assert "2/5 training at three sites, seed 0" in told and "  2 of 2 rounds done" in told
    assert medical_qa.SCORED == 24  # what was changed for the report is as before


def test_a_report_for_a_page_tells_each_step_and_how_it_ended(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Any, ...]] = []
    write, file = JobFile.write, Jobs("reports").file(1)

    def note(self: JobFile, status: str, done: int, total: int, report: dict[str, Any], error: str = "") -> None:
        told.append((status, done, total, report.get("what"), report.get("within")))
        write(self, status, done, total, report, error)

    def measured(plan: measure.Plan, say: measure.Say, within: measure.Say) -> dict[str, Any]:
        say("reading")
        say("training")
        within("1 of 2 rounds done")
        return FOUND

    def broken(*_: object) -> None:
        raise DataMissing("The base is not here.")

    monkeypatch.setattr(JobFile, "write", note)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "report", "--quick", "--job", str(file.path)])
    asked = ["report", "--quick", "--job", str(file.path), "--parent", str(os.getppid())]
    file.write("running", 0, 0, {"quick": True, "began": 5.0})
    monkeypatch.setattr(measure, "measure", measured)
    assert main(asked) == 0
    assert told[1:] == [
        ("running", 0, 5, "reading", ""),
        ("running", 1, 5, "training", ""),
        ("running", 1, 5, "training", "1 of 2 rounds done"),
        ("done", 2, 5, "", "1 of 2 rounds done"),
    ]
    assert file.read().report["began"] == 5.0
    found = json.loads((file.folder / "benchmark_results.json").read_text())
    assert found["command"] == "python -m benchmarks report --quick"
    assert [step["what"] for step in found["steps"]] == ["reading", "training"]
    monkeypatch.setattr(measure, "measure", broken)
    assert main(asked) == 2
    assert (file.read().status, file.read().error) == ("failed", "The base is not here.")


def test_what_an_update_counts_is_found_from_the_joined_weights() -> None:
    random = np.random.default_rng(0)
    last = Round(
        number=1,
        start=random.standard_normal(50).astype(np.float32),
        weights=random.standard_normal((3, 50)).astype(np.float32),
        counts=np.array([5.0, 3.0, 2.0]),
        told=np.zeros(3),
        positions=range(3),
        names=["A", "B", "C"],
        sites=3,
        judge=lambda weights: weights,
    )
    np.testing.assert_allclose(counted(last, mean(last, last.shares)), [0.5, 0.3, 0.2], atol=1e-5)
    assert set(RULES) == {"equal", "fedavg", "agentic"}


def test_a_place_that_cannot_be_written_is_named_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["report", "--quick", "--out", str(tmp_path / "file" / "report")]) == 2
    assert "--out" in capsys.readouterr().err
