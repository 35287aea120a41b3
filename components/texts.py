"""Questions with answers from a person's hand to a checked Report, and a file to begin with."""

import streamlit as st

from components.plain_text import plain
from components.upload import Upload, ask_file
from data.intake.table import Report
from data.intake.texts import check_texts, to_json_lines
from models.task import Task

SAMPLE_TEXTS = 60


def example_texts(task: Task, *, seed: int, key: str) -> None:
    """Offer the sample as a download, and say what it is."""
    st.download_button(
        "Download a sample",
        lambda: to_json_lines(task.generate(SAMPLE_TEXTS, seed=seed)),
        file_name=f"{task.name}-sample-made-up.jsonl",
        mime="application/jsonl",
        icon=":material/science:",
        on_click="ignore",
        key=f"{key}_sample",
    )
    st.caption(
        f"The sample has {SAMPLE_TEXTS} questions on diseases that do not exist, a line each. They stay marked as "
        "synthetic."
    )


def upload_texts(task: Task, *, source: str, key: str) -> Upload | None:
    """Ask for a file of questions and answers and return it checked, or None while there is none."""
    return ask_file(
        "File with questions and answers",
        ("jsonl", "json", "csv", "tsv"),
        lambda raw, name: check_texts(raw, task.label, source=source, filename=name),
        of=(task.name, source),
        saying="Checking every record",
        key=key,
        help='A line each, as JSON ({"question": "…", "answer": "…"}), or a CSV file with these two columns.',
    )


def show_texts(report: Report, *, key: str) -> None:
    """Show the first records as they were read, and what the check noted without objecting."""
    st.dataframe(report.preview.rename_axis("Row"), key=f"{key}_preview", height=240)
    for note in report.notes:
        st.caption(f":material/info: {plain(note)}")
