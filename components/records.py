"""ECG records from a person's hand to a checked Report, and a file to begin with."""

import streamlit as st

from components.example_files import sample_button
from components.plain_text import plain
from components.upload import Upload, ask_file
from data.intake.table import Report
from models.ecg.marked import check_records
from models.task import Task

SAMPLE_BEATS = 60


def example_records(task: Task, *, seed: int, key: str) -> None:
    """Offer the sample as a download, and say what it is."""
    sample_button(task, SAMPLE_BEATS, seed, ending="drawn.zip", mime="application/zip", key=key)
    st.caption(
        f"The sample is an ECG of {SAMPLE_BEATS} beats drawn by this program, as a WFDB record with its marks. "
        "It stays marked as synthetic."
    )


def upload_records(task: Task, *, source: str, key: str) -> Upload | None:
    """Ask for a ZIP of WFDB records with marked beats and return it checked, or None while there is none."""
    return ask_file(
        "ZIP file with WFDB records",
        ("zip",),
        lambda raw, _: check_records(raw, task.classes, source=source),
        of=(task.name, source),
        saying="Cutting out every beat",
        key=key,
        help="For each record its .hea, .dat and .atr file; the last marks the beats in PhysioBank's letters.",
    )


def show_records(report: Report, *, key: str) -> None:
    """Show how many beats of each class the records have, and what the check noted without objecting."""
    st.dataframe(report.preview, hide_index=True, key=f"{key}_preview")
    st.caption("Beats of each record by class.")
    for note in report.notes:
        st.caption(f":material/info: {plain(note)}")
