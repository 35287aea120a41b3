"""Files to begin with: the empty template of a task, and a sample that says of itself that it is generated."""

import streamlit as st

from data.intake.rules import wanted
from data.intake.table import template_csv, to_csv
from data.table import Dataset
from models.task import Task

SAMPLE_ROWS = 120


def sample_rows(task: Task, seed: int) -> Dataset:
    """Return the generated rows that the sample with ``seed`` holds."""
    return task.generate(SAMPLE_ROWS, seed=seed)


def example_files(task: Task, *, seed: int, key: str) -> None:
    """Offer the template and the sample as downloads, and say what each is."""
    with st.container(horizontal=True):
        st.download_button(
            "Download a template",
            template_csv(task.schema),
            file_name=f"{task.name}-template.csv",
            mime="text/csv",
            icon=":material/table_rows:",
            on_click="ignore",
            key=f"{key}_template",
        )
        st.download_button(
            "Download a sample",
            lambda: to_csv(sample_rows(task, seed), task.schema),
            file_name=f"{task.name}-sample-synthetic.csv",
            mime="text/csv",
            icon=":material/science:",
            on_click="ignore",
            key=f"{key}_sample",
        )
    st.caption(
        f"The template has the {len(task.schema.columns) + 1} column names and no rows. The sample has {SAMPLE_ROWS} "
        "generated rows: no patient is behind them, and they stay marked as synthetic."
    )


def column_guide(task: Task) -> list[dict[str, str]]:
    """Return what each column must hold, one dictionary a column, ready for a table."""
    lines = [{"Column": c.name, "Meaning": c.title, "Must be": wanted(c), "More": c.help} for c in task.schema.columns]
    *first, last = (f"{k} ({name})" for k, name in enumerate(task.classes))
    label = f"{', '.join(first)} or {last}"
    return [*lines, {"Column": task.schema.label, "Meaning": "what was found", "Must be": label, "More": ""}]
