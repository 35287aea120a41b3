"""Tasks kept outside the repository, in the folder that MEDHIVE_TASKS names."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import models.tasks
from models import registry
from settings import get_settings

PRIVATE = """
from models.tasks.vitals.task import Vitals


class Private(Vitals):
    name = "private"


TASK = Private()
"""


@pytest.fixture
def outside(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder outside the repository with one task, named in the environment."""
    folder = tmp_path / "tasks"
    _add(folder, "private")
    monkeypatch.setenv("MEDHIVE_TASKS", str(folder))
    monkeypatch.setattr(models.tasks, "__path__", list(models.tasks.__path__))
    get_settings.cache_clear()
    yield folder
    registry._load.cache_clear()
    for module in [name for name in sys.modules if name.startswith("models.tasks.private")]:
        del sys.modules[module]


def _add(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "task.py").write_text(PRIVATE, encoding="utf-8")


def test_a_task_outside_is_found_beside_the_shipped_ones_with_its_own_folder(outside: Path) -> None:
    task = registry.get_task("private")

    assert {"private", "vitals"} <= set(registry.task_names())
    assert task.folder == outside / "private"
    assert len(task.public()) == 2000


def test_a_folder_that_is_not_there_is_named(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDHIVE_TASKS", str(outside / "nowhere"))
    get_settings.cache_clear()

    with pytest.raises(registry.UnknownTask, match=r"MEDHIVE_TASKS is .*nowhere, which is no folder"):
        registry.get_task("vitals")


def test_a_task_outside_with_a_shipped_name_is_refused(outside: Path) -> None:
    _add(outside, "vitals")

    with pytest.raises(registry.UnknownTask, match="has a task 'vitals'"):
        registry.task_names()
