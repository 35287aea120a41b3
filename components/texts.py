"""Questions with answers from a person's hand to a checked Report, and a file to begin with."""

import hashlib

import streamlit as st

from components.plain_text import plain
from components.upload import Upload, widget_key
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
    st.session_state.setdefault(f"{key}_nonce", 0)
    chosen = st.file_uploader(
        "File with questions and answers",
        type=["jsonl", "json", "csv", "tsv"],
        key=widget_key(key),
        help='A line each, as JSON ({"question": "…", "answer": "…"}), or a CSV file with these two columns.',
    )
    if chosen is None:
        st.session_state.pop(f"{key}_upload", None)
        return None
    raw = chosen.getvalue()
    mark = (chosen.name, hashlib.sha256(raw).hexdigest(), task.name, source, True)
    kept = st.session_state.get(f"{key}_upload")
    if kept is None or kept[0] != mark:
        with st.spinner("Checking every record"):
            report = check_texts(raw, task.label, source=source, filename=chosen.name)
        kept = (mark, Upload(chosen.name, len(raw), report))
        st.session_state[f"{key}_upload"] = kept
    done: Upload = kept[1]
    return done


def show_texts(report: Report, *, key: str) -> None:
    """Show the first records as they were read, and what the check noted without objecting."""
    st.dataframe(report.preview.rename_axis("Row"), key=f"{key}_preview", height=240)
    for note in report.notes:
        st.caption(f":material/info: {plain(note)}")
