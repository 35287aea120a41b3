"""Files to begin with: the empty template of a task, and a sample that says of itself that it is generated."""

import streamlit as st

from data.intake.table import template_csv, to_csv
from data.table import Dataset
from models.task import Task

SAMPLE_ROWS = 120


def sample_rows(task: Task, seed: int) -> Dataset:
    """Return the generated rows that the sample with ``seed`` holds."""
    return task.generate(SAMPLE_ROWS, seed=seed)


def from_sample(task: Task, dataset: Dataset, seed: int) -> bool:
    """Whether every row of ``dataset`` comes from the generated sample, so it cannot pass for patients."""
    return set(dataset.row_hashes) <= set(sample_rows(task, seed).row_hashes)


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
    lines = []
    for column in task.schema.columns:
        allowed = f"{column.low:.6g} to {column.high:.6g} {column.unit}".rstrip()
        if column.kind == "category":
            allowed = ", ".join(f"{code} = {meaning}" for code, meaning in column.levels.items())
        gap = (
            "may be empty" + (f" or {', '.join(column.missing)}" if column.missing else "") if column.nullable else "no"
        )
        lines.append({"Column": column.name, "Meaning": column.title, "Allowed": allowed, "Missing": gap})
    label = f"0 = {task.classes[0]}, 1 = {task.classes[1]}"
    lines.append(
        {
            "Column": task.schema.label,
            "Meaning": task.schema.label_help or "what was found",
            "Allowed": label,
            "Missing": "no",
        }
    )
    return lines
