"""Questions with answers for a language model to be scored on: a JSON Lines or CSV file."""

from pathlib import Path

from data.intake.texts import check_texts
from data.table import Dataset
from models.predict import InputError
from models.task import Task


def read_texts(task: Task, path: Path) -> Dataset:
    """Return the questions and answers at ``path``.

    Raises
    ------
    models.predict.InputError
        With one sentence: which file, which record, and what would be right.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    report = check_texts(raw, task.label, source=path.name, filename=path.name)
    if report.dataset is None:
        more = report.problem_count - 1
        raise InputError(f"{path}: {report.problems[0]}{f' ({more} more problems)' if more > 0 else ''}")
    return report.dataset
