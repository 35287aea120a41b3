"""Texts with labels, or questions with answers, for a model to be scored on; texts for one to answer."""

from pathlib import Path

from data.intake.labelled_texts import check_labelled_texts
from data.intake.texts import check_texts
from data.table import Dataset
from models.predict import InputError
from models.task import Task


def read_texts(task: Task, path: Path, *, labelled: bool = True) -> Dataset:
    """Return the questions and answers at ``path`` for a language task, the texts for a text task.

    Parameters
    ----------
    labelled : False for texts that a model shall answer.

    Raises
    ------
    models.predict.InputError
        With one sentence: which file, which record, and what would be right.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    if task.generates:
        report = check_texts(raw, task.label, source=path.name, filename=path.name)
    else:
        assert task.texts is not None
        report = check_labelled_texts(raw, task.texts, task.classes, source=path.name, labelled=labelled)
    if report.dataset is None:
        more = report.problem_count - 1
        raise InputError(f"{path}: {report.problems[0]}{f' ({more} more problems)' if more > 0 else ''}")
    return report.dataset
