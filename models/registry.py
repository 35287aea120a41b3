"""Finds the tasks: every folder ``<name>/`` with a ``task.py`` that makes one ``TASK``.

They lie in ``models/tasks/`` and, for tasks kept outside the repository, in the folder that MEDHIVE_TASKS names.
The setting travels in the environment, so Ray's actors and Flower's simulation know the same tasks.
"""

from functools import cache
from importlib import import_module
from pathlib import Path

import models.tasks
from models.task import Task
from settings import get_settings

_FOLDER = Path(__file__).parent / "tasks"


class UnknownTask(ValueError):
    """No task has this name; the message names those that exist."""


def task_names() -> list[str]:
    """Return the names of all tasks, sorted, without importing any of them.

    Raises
    ------
    UnknownTask
        When MEDHIVE_TASKS names no folder, or one with a task that has the name of a shipped one.
    """
    return sorted([*_shipped(), *_names_outside(get_settings().tasks)])


@cache
def _shipped() -> tuple[str, ...]:
    return tuple(_names(_FOLDER))


def _names(folder: Path) -> list[str]:
    return [path.parent.name for path in folder.glob("*/task.py")]


def _names_outside(folder: Path | None) -> list[str]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise UnknownTask(f"MEDHIVE_TASKS is {folder}, which is no folder: name one that holds a folder for each task.")
    names = _names(folder)
    if twice := sorted(set(names) & set(_shipped())):
        raise UnknownTask(f"MEDHIVE_TASKS has a task {twice[0]!r}, and so has MedHive: give yours another name.")
    return names


@cache
def _load(name: str) -> Task:
    if (own := get_settings().tasks) and (path := str(own.resolve())) not in models.tasks.__path__:
        models.tasks.__path__.append(path)  # so models.tasks.<name> is imported wherever it lies
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


def first_task() -> str:
    """Return the name of the task that forms begin with: one without an encoder, so that a run starts at once."""
    return next(name for name, task in tasks().items() if not task.encoder)
