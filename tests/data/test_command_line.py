"""``python -m data`` says what it did, and in one line on stderr why it did not."""

import json
from pathlib import Path

import pytest

from data.__main__ import main
from data.intake.table import check_csv, to_csv
from models.registry import get_task, tasks


@pytest.mark.slow
def test_what_is_generated_passes_the_check_of_every_task_and_stays_marked_synthetic(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in tasks():
        file, found = tmp_path / f"{name}.csv", tmp_path / "found.json"
        assert main(["generate", "--task", name, "--rows", "50", "--seed", "3", "--out", str(file)]) == 0
        assert main(["check", "--task", name, str(file), "--json", str(found)]) == 0
        findings = json.loads(found.read_text())
        assert (findings["ok"], findings["rows"], findings["synthetic"], findings["problems"]) == (True, 50, True, [])
    assert "50 synthetic rows" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["breast_cancer", "heart_disease"])
def test_every_public_row_passes_the_check_of_its_task_unchanged(home: Path, datasets: Path, name: str) -> None:
    task = get_task(name)
    public = task.public()
    report = check_csv(to_csv(public, task.schema), task.schema, source=public.source)
    assert report.problems == ()
    assert report.dataset is not None and report.dataset.fingerprint == public.fingerprint


def test_the_same_seed_writes_the_same_file(home: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        main(["generate", "--task", "vitals", "--rows", "20", "--seed", "5", "--out", str(tmp_path / name)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_wrong_file_ends_with_2_and_every_problem_is_in_the_json(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, found = tmp_path / "wrong.csv", tmp_path / "found.json"
    file.write_text("heart_rate,systolic_bp,diastolic_bp,spo2,healthy\n70,110,70,85,1\n70,110,70,98,3\n")
    assert main(["check", "--task", "vitals", str(file), "--json", str(found)]) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert "row 1, column spo2, value 85" in err and "(and 1 more)" in err
    assert "row 2, column healthy, value 3" in out
    findings = json.loads(found.read_text())
    assert [(p["row"], p["column"], p["value"]) for p in findings["problems"]] == [
        (1, "spo2", "85"),
        (2, "healthy", "3"),
    ]
    assert findings["problem_count"] == 2 and not findings["ok"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "--task", "nothing", "x.csv"], "nothing"),
        (["check", "--task", "vitals", "/no/such.csv"], "cannot be read: No such file"),
        (["generate", "--task", "vitals", "--rows", "0", "--out", "x"], "--rows must be 1 to 1000000, not 0"),
        (["generate", "--task", "vitals", "--rows", "five", "--out", "x"], "invalid int value"),
        (["generate", "--task", "vitals", "--rows", "5", "--seed", "-1", "--out", "x"], "must not be negative"),
        (["generate", "--task", "vitals", "--rows", "5", "--out", "/no/such/folder/x"], "cannot be written"),
        (["fly"], "invalid choice"),
        ([], "required"),
    ],
)
def test_wrong_input_ends_with_2_and_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_downloading_names_rows_source_and_licence(
    home: Path, datasets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["download", "heart_disease"]) == 0
    assert "920 real rows" in capsys.readouterr().out


def test_migrating_a_migrated_database_is_quiet(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == 0
    assert capsys.readouterr() == ("", "")
