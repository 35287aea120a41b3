"""docs/adding-a-task.md works as it is written: its code, copied out, is a task that trains and answers."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from settings import ROOT


@pytest.fixture
def diabetes(tmp_path: Path, home: Path, datasets: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The task folder of the page, beside the shipped ones for the length of a test."""
    import models.tasks
    from models import registry

    text = (ROOT / "docs" / "adding-a-task.md").read_text(encoding="utf-8")
    network, task = re.findall(r"```python\n(.*?)```", text, re.S)
    folder = tmp_path / "tasks" / "diabetes"
    folder.mkdir(parents=True)
    for name, content in {"__init__.py": '"""Diabetes."""\n', "network.py": network, "task.py": task}.items():
        (folder / name).write_text(content, encoding="utf-8")
    monkeypatch.setattr(models.tasks, "__path__", [*models.tasks.__path__, str(folder.parent)])
    monkeypatch.setattr(registry, "_FOLDER", folder.parent)
    registry._load.cache_clear()
    importlib.invalidate_caches()
    yield
    registry._load.cache_clear()
    for module in [name for name in sys.modules if name.startswith("models.tasks.diabetes")]:
        del sys.modules[module]


def test_the_task_of_the_page_trains_and_its_rows_pass_its_own_check(diabetes: None) -> None:
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
