"""A ZIP to begin with: drawn pictures with their labels.csv, which says how a file of pictures looks."""

import streamlit as st

from data.intake.images import to_zip
from models.task import Task

SAMPLE_PICTURES = 60


def example_pictures(task: Task, *, seed: int, key: str) -> None:
    """Offer the sample as a download, and say what it is."""
    st.download_button(
        "Download a sample",
        lambda: to_zip(task.generate(SAMPLE_PICTURES, seed=seed)),
        file_name=f"{task.name}-sample-drawn.zip",
        mime="application/zip",
        icon=":material/science:",
        on_click="ignore",
        key=f"{key}_sample",
    )
    st.caption(
        f"The sample has {SAMPLE_PICTURES} pictures drawn by this program, and labels.csv with a line a picture. They "
        "stay marked as synthetic."
    )
