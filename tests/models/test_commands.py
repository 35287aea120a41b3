"""The command line: exit codes, one line about what is wrong, and JSON that says it all."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data.intake.table import to_csv
from data.table import Dataset, IntArray
from models.__main__ import main
from models.card import with_figures
from models.registry import get_task
from settings import ROOT


def rows(name: str, n: int, *, heldout: bool = False) -> Dataset:
    from data.partition import hold_out

    public = get_task(name).public()
    index: IntArray = hold_out(public).heldout if heldout else np.arange(n)
    return public.take(index[:n] if not heldout else index)


@pytest.fixture
def table(home: Path, tmp_path: Path) -> Path:
    path = tmp_path / "vitals.csv"
    path.write_bytes(to_csv(rows("vitals", 40), get_task("vitals").schema))
    return path


def test_predicting_a_file_prints_a_line_a_row_and_writes_json(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "answers.json"
    assert main(["predict", "--task", "vitals", str(table), str(table), "--json", str(out)]) == 0
    answers = json.loads(out.read_text())
    assert len(answers["predictions"]) == 80 and len(capsys.readouterr().out.splitlines()) == 80
    assert answers["predictions"][40]["row"] == 1 and 0 <= answers["predictions"][0]["probability"] <= 1


def test_evaluating_held_out_rows_gives_the_figures_of_the_manifest(home: Path, tmp_path: Path) -> None:
    task = get_task("breast_cancer")
    path, out = tmp_path / "rows.csv", tmp_path / "scores.json"
    path.write_bytes(to_csv(rows("breast_cancer", 0, heldout=True), task.schema))
    assert main(["evaluate", "--task", "breast_cancer", str(path), "--json", str(out)]) == 0
    scores = json.loads(out.read_text())
    manifest = json.loads((task.folder / "manifest.json").read_text())
    assert scores["auc"] == pytest.approx(manifest["scores"]["auc"]["value"])
    assert scores["intervals"]["auc"]["low"] == pytest.approx(manifest["scores"]["auc"]["low"])
    assert scores["n"] == manifest["n"] and scores["training_rows_among_them"] == 0


def test_evaluating_says_when_rows_were_trained_on(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--task", "vitals", str(table)]) == 0
    assert "public training rows" in capsys.readouterr().out


def test_arrays_are_evaluated_as_a_table_is(table: Path, tmp_path: Path) -> None:
    dataset = rows("vitals", 40)
    arrays, first, second = tmp_path / "rows.npz", tmp_path / "a.json", tmp_path / "b.json"
    np.savez(arrays, x=dataset.x, y=dataset.y)
    assert main(["evaluate", "--task", "vitals", str(arrays), "--json", str(first)]) == 0
    assert main(["evaluate", "--task", "vitals", str(table), "--json", str(second)]) == 0
    assert json.loads(first.read_text()) == json.loads(second.read_text())


def wrong(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_wrong_input_is_one_line_and_exit_code_2(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, junk, no_y = tmp_path / "bad.csv", tmp_path / "junk.npz", tmp_path / "no_y.npz"
    bad.write_text("heart_rate,systolic_bp,diastolic_bp,spo2,healthy\n75,120,80,97,1\n75,120,80,70,1\n")
    junk.write_bytes(b"no arrays")
    np.savez(no_y, x=np.ones((2, 4)))
    evaluate = ["evaluate", "--task", "vitals"]
    assert "row 2" in (said := wrong([*evaluate, str(bad)], capsys)) and "spo2" in said and "90 to 100" in said
    assert "cannot be read" in wrong([*evaluate, str(tmp_path / "absent.csv")], capsys)
    assert "is a folder" in wrong([*evaluate, str(tmp_path)], capsys)
    assert "no npz file" in wrong([*evaluate, str(junk)], capsys)
    assert "no array y" in wrong([*evaluate, str(no_y)], capsys)
    assert "no task 'vital'" in wrong(["predict", "--task", "vital", str(table)], capsys)
    assert "vitals:9" in wrong(["promote", "vitals:9", "--reason", "r"], capsys)
    assert "no champion" in wrong(["rollback", "vitals", "--reason", "r"], capsys)
    assert "already" in wrong(["promote", "vitals:1", "--reason", "r"], capsys)
    assert "answers vitals" in wrong(
        ["predict", "--task", "breast_cancer", "--version", "vitals:1", str(table)], capsys
    )
    assert "cannot be written" in wrong([*evaluate, str(table), "--json", str(tmp_path / "no" / "f.json")], capsys)


def test_a_missing_argument_is_exit_code_2(home: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["promote", "vitals:1"])
    assert stopped.value.code == 2


def test_listing_names_champions(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "list.json"
    assert main(["list", "--task", "vitals", "--json", str(out)]) == 0
    assert capsys.readouterr().out.startswith("vitals:1")
    assert json.loads(out.read_text())["versions"][0]["champion"] is True


def test_training_writes_weights_manifest_and_card(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    assert main(["train", "vitals", "--rounds", "1", "--seed", "3", "--out", str(out)]) == 0
    manifest = json.loads((out / "vitals" / "manifest.json").read_text())
    assert manifest["command"] == "python -m models train vitals --rounds 1 --seed 3"
    assert len(manifest["data"]["sites"]) == 1 and manifest["shipped"]
    assert f"{manifest['scores']['auc']['value']:.3f}" in (out / "vitals" / "card.md").read_text()


def test_training_with_settings_that_cannot_be_is_wrong_input(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "rounds is -1" in wrong(["train", "vitals", "--rounds", "-1", "--out", str(tmp_path)], capsys)
    assert not list(tmp_path.glob("vitals/*"))


def test_a_card_keeps_its_words_and_needs_a_place_for_figures() -> None:
    task = get_task("vitals")
    manifest = json.loads((task.folder / "manifest.json").read_text())
    card = "# Title\n\nBefore.\n\n## Figures\n\nold\n\n## Use\n\nAfter.\n"
    made = with_figures(card, manifest)
    assert made.startswith("# Title\n\nBefore.\n\n## Figures\n\nOn ") and made.endswith("\n\n## Use\n\nAfter.\n")
    assert "old" not in made and with_figures(made, manifest) == made
    with pytest.raises(ValueError, match="## Figures"):
        with_figures("# Title\n", manifest)


@pytest.mark.slow
def test_the_command_line_starts_from_a_shell(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "models", "promote", "vitals:77", "--reason", "r"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "vitals:77" in done.stderr and done.stderr.count("\n") == 1
