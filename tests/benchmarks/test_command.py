"""python -m benchmarks fl: refuses what it cannot measure, and writes figures and a table."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from settings import ROOT


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fl", "--workloads", "mpl"], "--workloads 'mpl' is not known: choose some of mlp,cnn,many,head."),
        (["fl", "--systems", "plain,x"], "--systems 'x' is not known"),
        (["fl", "--repeats", "0"], "--repeats is 0: give a whole number from 1."),
        (["fl", "--json", "/nowhere/fl.json"], "--json /nowhere/fl.json: give a file that ends in .json"),
        (["scale", "--executor", "fast"], "--executor fast: choose one of auto,"),
    ],
)
def test_wrong_input_is_refused_in_one_line(
    arguments: list[str], said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_plain_loop_and_our_engine_are_measured_on_the_same_computation(tmp_path: Path) -> None:
    file = tmp_path / "fl.json"
    asked = ["--quick", "--systems", "plain,in-process", "--workloads", "mlp", "--json", str(file)]
    home = {"MEDHIVE_HOME": str(tmp_path / "home")}

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "fl", *asked],
        cwd=ROOT,
        env={**os.environ, **home},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    written = json.loads(file.read_text(encoding="utf-8"))
    systems = written["workloads"]["mlp"]
    assert set(systems) == {"plain", "in-process"}
    assert systems["plain"]["loss"] == pytest.approx(systems["in-process"]["loss"], abs=1e-4)
    for figures in systems.values():
        assert 0 < figures["round_s"] < figures["first_round_s"] < figures["total_s"]
        assert figures["pss_mb"] > 50
    assert "| MedHive, in process |" in file.with_suffix(".md").read_text(encoding="utf-8")
