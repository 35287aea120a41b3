"""The check of a file that a site contributes, whatever kind of task it is for."""

from data.intake.table import Report
from models.task import Task


def check_file(task: Task, raw: bytes, *, source: str) -> Report:
    """Check a ZIP of pictures, questions with answers, or a CSV file; gives a report and raises nothing."""
    if task.texts is not None:
        from data.intake.texts import check_texts

        return check_texts(raw, task.label, source=source)
    if task.pictures is not None:
        from data.intake.images import check_zip

        return check_zip(raw, task.pictures, task.classes, source=source)
    from data.intake.table import check_csv

    return check_csv(raw, task.schema, source=source)
