"""Many pictures at once: a ZIP in, a table of answers out."""

import hashlib

import streamlit as st

from components.batch import Batch, File, batch, forget_if_empty
from data.intake.pictures import NotAPicture
from models.task import Task
from models.versions import VersionView

ONE = "One picture"


def ask_pictures(task: Task, version: VersionView, *, key: str) -> None:
    """Ask for a ZIP of pictures, and draw what the model says about each of them."""
    st.caption(
        "A ZIP of up to 1000 PNG, JPEG or DICOM pictures. They are used for the answers only; nothing of them is kept."
    )
    key = f"{key}_zip"
    chosen = st.file_uploader("Pictures in a ZIP", type=["zip"], key=key, on_change=forget_if_empty, args=(key, key))
    file = None
    if chosen is not None:
        raw = chosen.getvalue()
        file = File(hashlib.sha256(raw).hexdigest(), chosen.name, lambda: _opened(raw))
    try:
        batch(task, version, file, "picture", ONE, key=key)
    except NotAPicture as error:
        st.error(str(error))


def _opened(raw: bytes) -> Batch:
    from models.picture_batch import PictureBatch  # brings torch, only when somebody asks

    return PictureBatch.of_zip(raw)
