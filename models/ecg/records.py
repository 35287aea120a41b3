"""Marked ECG records for a model to be scored on: a ZIP with WFDB files."""

from pathlib import Path

from data.table import Dataset
from models.ecg.marked import check_records
from models.predict import InputError
from models.task import Task


def read_records(task: Task, path: Path) -> Dataset:
    """Return the marked beats of the records at ``path``.

    Raises
    ------
    models.predict.InputError
        With one sentence: which file, and what would be right.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    report = check_records(raw, task.classes, source=path.name)
    if report.dataset is None:
        more = report.problem_count - 1
        raise InputError(f"{path}: {report.problems[0]}{f' ({more} more problems)' if more > 0 else ''}")
    return report.dataset
