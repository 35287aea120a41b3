"""Many records at once: a CSV file in, a table of answers out."""

import streamlit as st

from components.batch import Batch, File, batch, forget_if_empty
from components.upload import show_preview, show_problems, upload, widget_key
from data.intake.table import template_csv
from data.table import FloatArray
from models.task import Task
from models.versions import VersionView

FORM = "One record"


def ask_file(task: Task, version: VersionView, *, key: str) -> None:
    """Ask for a file, and draw what the model says about each of its rows."""
    st.caption("One line a record, without the outcome. Rows are used for the answer only; nothing of them is kept.")
    st.download_button(
        "Download a template",
        template_csv(task.schema, labelled=False),
        file_name=f"{task.name}-questions.csv",
        mime="text/csv",
        icon=":material/table_rows:",
        on_click="ignore",
        key=f"{key}_template",
    )
    key = f"{key}_batch"
    chosen = upload(
        task.schema,
        source="a file to be answered",
        key=key,
        labelled=False,
        on_change=lambda: forget_if_empty(widget_key(key), key),
    )
    file = None
    if chosen is not None:
        rows = chosen.report.dataset
        if rows is None:
            show_problems(chosen.report, filename=chosen.filename, key=key)
            return
        show_preview(chosen.report, task.schema, key=key)
        file = File(chosen.report.sha256, chosen.filename, lambda: _opened(task, rows.x))
    batch(task, version, file, "record", FORM, key=key)


def _opened(task: Task, x: FloatArray) -> Batch:
    from models.row_batch import RowBatch  # brings torch, only when somebody asks

    return RowBatch(task, x)
