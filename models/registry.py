"""Finds the tasks: every folder ``models/tasks/<name>/`` with a ``task.py`` that makes one ``TASK``."""

from functools import cache
from importlib import import_module
from pathlib import Path

from models.task import Task

_FOLDER = Path(__file__).parent / "tasks"


class UnknownTask(ValueError):
    """No task has this name; the message names those that exist."""


def task_names() -> list[str]:
    """Return the names of all tasks, sorted, without importing any of them."""
    return sorted(path.parent.name for path in _FOLDER.glob("*/task.py"))


@cache
def _load(name: str) -> Task:
    task = import_module(f"models.tasks.{name}.task").TASK
    if not isinstance(task, Task) or task.name != name:
        raise TypeError(f"models/tasks/{name}/task.py must make a Task called TASK whose name is {name!r}")
    return task


def get_task(name: str) -> Task:
    """Return the task ``name``.

    Raises
    ------
    UnknownTask
        With a sentence that names the known tasks.
    """
    known = task_names()
    if name not in known:
        raise UnknownTask(f"There is no task {name!r}. Known tasks: {', '.join(known)}.")
    return _load(name)


def tasks() -> dict[str, Task]:
    """Return all tasks by name, sorted by name."""
    return {name: _load(name) for name in task_names()}
