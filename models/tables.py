"""Files with rows for a model to answer or to be scored on: CSV, or NumPy's npz with ``x`` and ``y``."""

import zipfile
from pathlib import Path

import numpy as np

from data.table import Dataset
from models.predict import InputError, check_rows
from models.task import Task


def read_table(task: Task, path: Path, *, labelled: bool) -> Dataset:
    """Return the rows of a file for a table task.

    Raises
    ------
    models.predict.InputError
        With one sentence: which file, which row and column, and what would be right.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; {task.name} takes a table: a CSV file, or an npz file with x and y.")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    if path.suffix == ".npz":
        return _read_arrays(task, path, labelled)
    from data.intake.table import check_csv

    report = check_csv(raw, task.schema, source=path.name, labelled=labelled)
    if report.dataset is None:
        more = report.problem_count - 1
        raise InputError(f"{path}: {report.problems[0]}{f' ({more} more problems)' if more > 0 else ''}")
    return report.dataset


def _read_arrays(task: Task, path: Path, labelled: bool) -> Dataset:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            x = np.asarray(arrays["x"], dtype=np.float32)
            y = np.asarray(arrays["y"]) if labelled else np.zeros(len(x), dtype=np.int64)
    except KeyError as error:
        raise InputError(f"{path} has no array {error.args[0].split()[0]}; it needs x and, to score, y.") from None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is no npz file with numbers: {error}.") from None
    if y.shape != x.shape[:1] or not np.isin(y, range(len(task.classes))).all():
        wanted = "0 or 1" if len(task.classes) == 2 else f"class from 0 to {len(task.classes) - 1}"
        raise InputError(f"{path}: y must hold one {wanted} for each row of x; x is {x.shape}, y is {y.shape}.")
    try:
        check_rows(task, x)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return Dataset(x, y.astype(np.int64), path.name)
