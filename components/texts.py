"""Texts, or questions with answers, from a person's hand to a checked Report, and a file to begin with."""

import streamlit as st

from components.example_files import sample_button
from components.plain_text import plain
from components.upload import Upload, ask_file
from data.intake.labelled_texts import check_labelled_texts
from data.intake.table import Report
from data.intake.texts import check_texts
from models.task import Task

SAMPLE_TEXTS = 60


def example_texts(task: Task, *, seed: int, key: str) -> None:
    """Offer the sample as a download, and say what it is."""
    kind, mime = ("jsonl", "application/jsonl") if task.generates else ("csv", "text/csv")
    sample_button(task, SAMPLE_TEXTS, seed, ending=f"made-up.{kind}", mime=mime, key=key)
    what = "questions on diseases that do not exist" if task.generates else "texts put together by this program"
    st.caption(f"The sample has {SAMPLE_TEXTS} {what}, a line each. They stay marked as synthetic.")


def upload_texts(task: Task, *, source: str, key: str) -> Upload | None:
    """Ask for questions with answers, or for labelled texts, and return the file checked; None while there is none."""
    if task.generates:
        return ask_file(
            "File with questions and answers",
            ("jsonl", "json", "csv", "tsv"),
            lambda raw, name: check_texts(raw, task.label, source=source, filename=name),
            of=(task.name, source),
            saying="Checking every record",
            key=key,
            help='A line each, as JSON ({"question": "…", "answer": "…"}), or a CSV file with these two columns.',
        )
    wanted = task.texts
    assert wanted is not None
    return ask_file(
        "CSV file with texts",
        ("csv", "tsv", "txt"),
        lambda raw, _: check_labelled_texts(raw, wanted, task.classes, source=source),
        of=(task.name, source),
        saying="Checking every text",
        key=key,
        help="A line a text, with the columns text and label. A text is kept as it is: leave out names, dates of birth "
        "and numbers that identify a person.",
    )


def show_texts(report: Report, *, key: str) -> None:
    """Show the first records as they were read, and what the check noted without objecting."""
    st.dataframe(report.preview.rename_axis("Row"), key=f"{key}_preview", height=240)
    for note in report.notes:
        st.caption(f":material/info: {plain(note)}")
