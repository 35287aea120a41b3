"""Files to begin with: a sample that says of itself that it is generated, and of a table the empty template."""

import streamlit as st

from data.intake.rules import wanted
from data.intake.table import template_csv
from models.contributed import sample_file
from models.task import Task

SAMPLE_ROWS = 120
SAMPLE_PICTURES = 60


def sample_button(task: Task, count: int, seed: int, *, ending: str, mime: str, key: str) -> None:
    """Offer a file of ``count`` generated rows, pictures, texts or beats as a download; its name has this ending."""
    st.download_button(
        "Download a sample",
        lambda: sample_file(task, count, seed)[1],
        file_name=f"{task.name}-sample-{ending}",
        mime=mime,
        icon=":material/science:",
        on_click="ignore",
        key=f"{key}_sample",
    )


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
        sample_button(task, SAMPLE_ROWS, seed, ending="synthetic.csv", mime="text/csv", key=key)
    st.caption(
        f"The template has the {len(task.schema.columns) + 1} column names and no rows. The sample has {SAMPLE_ROWS} "
        "generated rows: no patient is behind them, and they stay marked as synthetic."
    )


def example_pictures(task: Task, *, seed: int, key: str) -> None:
    """Offer the sample of pictures with their labels.csv as a download, and say what it is."""
    sample_button(task, SAMPLE_PICTURES, seed, ending="drawn.zip", mime="application/zip", key=key)
    st.caption(
        f"The sample has {SAMPLE_PICTURES} pictures drawn by this program, and labels.csv with a line a picture. They "
        "stay marked as synthetic."
    )


def column_guide(task: Task) -> list[dict[str, str]]:
    """Return what each column must hold, one dictionary a column, ready for a table."""
    lines = [{"Column": c.name, "Meaning": c.title, "Must be": wanted(c), "More": c.help} for c in task.schema.columns]
    *first, last = (f"{k} ({name})" for k, name in enumerate(task.classes))
    label = f"{', '.join(first)} or {last}"
    return [*lines, {"Column": task.schema.label, "Meaning": "what was found", "Must be": label, "More": ""}]
