"""The check of a file that a site contributes, whatever kind of task it is for; and a sample of such a file."""

from data.intake.table import Report
from data.table import Dataset
from models.task import Task


def check_file(task: Task, raw: bytes, *, source: str) -> Report:
    """Check pictures, ECG records, texts, questions with answers, or a table; gives a report and raises nothing."""
    if task.generates:
        from data.intake.texts import check_texts

        return check_texts(raw, task.label, source=source)
    if task.texts is not None:
        from data.intake.labelled_texts import check_labelled_texts

        return check_labelled_texts(raw, task.texts, task.classes, source=source)
    if task.pictures is not None:
        from data.intake.images import check_zip

        return check_zip(raw, task.pictures, task.classes, source=source)
    if task.signal:
        from models.ecg.marked import check_records

        return check_records(raw, task.classes, source=source)
    from data.intake.table import check_csv

    return check_csv(raw, task.schema, source=source)


def sample_file(task: Task, n: int, seed: int) -> tuple[Dataset, bytes]:
    """Return ``n`` synthetic rows, and the file that ``check_file`` reads them from; they are marked as such in it."""
    rows = task.generate(n, seed)
    if task.generates:
        from data.intake.texts import to_json_lines

        return rows, to_json_lines(rows)
    if task.texts is not None:
        from data.intake.labelled_texts import to_csv as texts_to_csv

        return rows, texts_to_csv(rows, task.classes)
    if task.pictures is not None:
        from data.intake.images import to_zip

        return rows, to_zip(rows)
    if task.signal:
        from models.ecg.drawn import draw_recording, to_wfdb

        return rows, to_wfdb(draw_recording(n, seed))
    from data.intake.table import to_csv

    return rows, to_csv(rows, task.schema)
