"""docs/adding-a-task.md works as it is written: its code is that of the shipped task diabetes, which trains."""

import re
from pathlib import Path

import pytest

from settings import ROOT


@pytest.mark.parametrize("name", ["network.py", "task.py"])
def test_the_code_of_the_page_is_that_of_the_task_it_made(name: str) -> None:
    text = (ROOT / "docs" / "adding-a-task.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    assert (ROOT / "models" / "tasks" / "diabetes" / name).read_text(encoding="utf-8") in blocks


def test_the_task_of_the_page_trains_and_its_rows_pass_its_own_check(home: Path, datasets: Path) -> None:
    from data.intake.table import check_csv, to_csv
    from fl.federation import federate
    from fl.request import RunRequest
    from fl.watcher import Silent, Stop
    from models.registry import get_task

    task = get_task("diabetes")
    for dataset in (task.public(), task.generate(50, seed=3)):
        report = check_csv(to_csv(dataset, task.schema), task.schema, source="page")
        assert report.problems == ()

    outcome = federate(RunRequest.for_task(task, rounds=8, benefit=False), watcher=Silent(), stop=Stop())

    assert outcome.scores["auc"].value > 0.7
