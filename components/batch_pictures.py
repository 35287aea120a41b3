"""Many pictures at once: a ZIP in, a table of answers out, with the time left and a way to stop."""

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.plain_text import plain
from components.progress import Progress
from components.theme import NOT_FOR_CLINICAL_USE, amount
from data.intake.pictures import NotAPicture
from models.task import Task
from models.versions import VersionError, VersionView
from rag.spreadsheet import safe_cell

if TYPE_CHECKING:  # brings torch, which takes seconds
    from models.picture_batch import Batch


def ask_pictures(task: Task, version: VersionView, *, key: str) -> None:
    """Ask for a ZIP of pictures, answer one after the other, and draw the table."""
    st.caption(
        "A ZIP of up to 1000 PNG, JPEG or DICOM pictures. They are used for the answers only; nothing of them is kept."
    )
    chosen = st.file_uploader("Pictures in a ZIP", type=["zip"], key=f"{key}_zip")
    if chosen is None:
        st.session_state.pop(f"{key}_zip_batch", None)
        return
    raw = chosen.getvalue()
    mark = (hashlib.sha256(raw).hexdigest(), version.id)
    kept = st.session_state.get(f"{key}_zip_batch")
    batch: Batch | None = kept[1] if kept is not None and kept[0] == mark else None
    going = f"{key}_zip_going"
    if batch is None:
        st.session_state[going] = False
        try:
            batch = _opened(raw)
        except NotAPicture as error:
            st.error(str(error))
            return
        st.session_state[f"{key}_zip_batch"] = (mark, batch)
    if batch.left and not st.session_state.get(going):
        if batch.rows:
            st.info(f"Stopped after {len(batch.rows):,} of {amount(len(batch.names), 'picture')}.")
        st.button(
            "Go on" if batch.rows else f"Ask about {amount(len(batch.names), 'picture')}",
            type="primary",
            icon=":material/neurology:",
            key=f"{key}_zip_ask",
            on_click=_set,
            args=(going, True),
        )
    elif batch.left:
        st.button("Stop", icon=":material/stop_circle:", key=f"{key}_zip_stop", on_click=_set, args=(going, False))
        try:
            _work(batch, task, version)
        except VersionError as error:
            st.session_state[going] = False
            st.error(str(error))
            return
        st.session_state[going] = False
        st.rerun()
    if batch.rows:
        _show(batch, task, version, chosen.name, key)


def _opened(raw: bytes) -> "Batch":
    from models.picture_batch import Batch  # brings torch, only when somebody asks

    return Batch.of_zip(raw)


def _set(name: str, value: bool) -> None:
    st.session_state[name] = value


def _work(batch: "Batch", task: Task, version: VersionView) -> None:
    """Answer what is left; a click meanwhile ends this script between two steps, and what was answered stays."""
    from models.picture_batch import answer_next

    progress = Progress("picture")
    progress(len(batch.rows), len(batch.names))
    while batch.left:
        answer_next(batch, task, version_id=version.id)
        progress(len(batch.rows), len(batch.names))


def _show(batch: "Batch", task: Task, version: VersionView, filename: str, key: str) -> None:
    table = pd.DataFrame([asdict(row) for row in batch.rows])
    answered = int(table["probability"].notna().sum())
    about = f"Probability of {task.classes[1]}" if len(task.classes) == 2 else "Its probability"
    with st.container(border=True, key=f"{key}_zip_card"):
        st.subheader(f"{answered:,} of {amount(len(table), 'picture')} answered", anchor=False)
        counts = table.loc[table["probability"].notna(), "answer"].value_counts()
        if len(counts):
            st.markdown(
                " · ".join(f"{plain(str(answer)).removesuffix('.')}: {count:,}" for answer, count in counts.items())
            )
        st.dataframe(
            table,
            hide_index=True,
            key=f"{key}_zip_table",
            column_config={
                "file": "File",
                "answer": "Answer",
                "probability": st.column_config.ProgressColumn(about, min_value=0.0, max_value=1.0, format="percent"),
                "low": st.column_config.NumberColumn("95 % interval from", format="percent"),
                "high": st.column_config.NumberColumn("to", format="percent"),
                "note": st.column_config.TextColumn("Why not, or what to mind", width="large"),
            },
        )
        safe = table.assign(file=table["file"].map(safe_cell))
        st.download_button(
            "Download the answers",
            safe.to_csv(index=False).encode(),
            file_name=f"{task.name}-answers.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"{key}_zip_csv",
        )
        st.divider()
        st.caption(f"{version.label} · {plain(filename)}")
        st.caption(f":material/medical_information: {NOT_FOR_CLINICAL_USE}")
