"""Labelled pictures for a model to be scored on: a folder or ZIP with labels.csv or class folders, or an npz."""

from pathlib import Path

from data.intake.images import Files, check_arrays, check_files, check_zip
from data.intake.pictures import NotAPicture, Picture, read_picture
from data.table import Dataset
from models.predict import InputError
from models.task import Task


def read_labelled(task: Task, path: Path) -> Dataset:
    """Return the pictures at ``path`` for an image task.

    Raises
    ------
    models.predict.InputError
        With one sentence: which file, and what would be right.
    """
    assert task.pictures is not None
    if path.is_dir():
        report = check_files(Files.of_folder(path), task.pictures, task.classes, source=path.name)
    elif path.suffix == ".npz":
        try:
            return check_arrays(_bytes(path), task.pictures, task.classes, source=path.name)
        except NotAPicture as error:
            raise InputError(f"{path}: {error}") from None
    else:
        report = check_zip(_bytes(path), task.pictures, task.classes, source=path.name)
    if report.dataset is None:
        more = report.problem_count - 1
        raise InputError(f"{path}: {report.problems[0]}{f' ({more} more problems)' if more > 0 else ''}")
    return report.dataset


def read_one(task: Task, path: Path) -> Picture:
    """Return the picture at ``path``; raises InputError with one sentence that names the file."""
    assert task.pictures is not None
    if path.is_dir():
        raise InputError(f"{path} is a folder; {task.name} answers pictures: PNG, JPEG or DICOM files.")
    try:
        return read_picture(_bytes(path), task.pictures)
    except NotAPicture as error:
        raise InputError(f"{path}: {error}") from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
