"""A file of many inputs, answered a few at a time: how far it is, Stop and Go on, and the answers as table and CSV.

What was answered stays with the browser session when one stops or looks at another page meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import streamlit as st

from components.plain_text import plain
from components.similar_cases import cases_of_many
from components.theme import NOT_FOR_CLINICAL_USE, amount
from components.work import Check, Unable, Work, watch
from models.task import Task
from models.turns import turn
from models.versions import VersionError, VersionView
from rag.spreadsheet import safe_cell

if TYPE_CHECKING:
    import pandas as pd

_DRAWN = 1000  # answers drawn in the browser; the download has them all
_COLUMNS = ("row", "file", "answer", "probability", "low", "high", "note")  # of them


class Batch(Protocol):
    """Inputs of which some are answered."""

    @property
    def total(self) -> int:
        """How many there are."""
        ...

    @property
    def left(self) -> int:
        """How many wait."""
        ...

    def answer_next(self, task: Task, *, version_id: int) -> None:
        """Answer the next few."""
        ...

    def table(self) -> "pd.DataFrame":
        """Return the answers so far, one line each."""
        ...


@dataclass(frozen=True)
class File:
    """A file as it was chosen: its SHA-256, its name, and what opens it."""

    sha256: str
    name: str
    open: Callable[[], Batch]


@dataclass
class _Asked:
    """A file being asked about, and the version that answers it, from its first input to its last."""

    sha256: str
    filename: str
    batch: Batch
    version: VersionView
    work: Work[None] | None = None

    def stop(self) -> None:
        if self.work:
            self.work.stop()


def batch(task: Task, version: VersionView, file: File | None, noun: str, one: str, *, key: str) -> None:
    """Draw what has come of a file, and the button that asks about the rest of it.

    Parameters
    ----------
    file : None while none is chosen; then the one before is drawn, if there is one.
    noun : what it holds, one of it.
    one : where single ones are asked about.
    """
    asked: _Asked | None = st.session_state.get(f"{key}_asked")
    if file is not None and (asked is None or not _goes_on(asked, file, version)):
        forget(key)
        asked = st.session_state[f"{key}_asked"] = _Asked(file.sha256, file.name, file.open(), version)
    if asked is None:
        return
    if asked.work and not asked.work.ended.is_set():
        watch(asked.work, noun, key=key)
        return
    total, left = asked.batch.total, asked.batch.left
    if asked.work and asked.work.error:
        st.error(asked.work.error)
    elif 0 < left < total:
        st.info(f"Stopped after {total - left:,} of {amount(total, noun)}. Those are kept until you take the file out.")
    if left:
        st.button(
            f"Ask about {amount(total, noun)}" if left == total else "Go on",
            type="primary",
            icon=":material/neurology:",
            key=f"{key}_ask",
            on_click=_start,
            args=(asked, task),
        )
    if left < total:
        _show(asked, task, noun, one, key)


def _goes_on(asked: _Asked, file: File, version: VersionView) -> bool:
    half = 0 < asked.batch.left < asked.batch.total
    return asked.sha256 == file.sha256 and (half or asked.version.id == version.id)


def forget(key: str) -> None:
    """Stop what is under way, and drop it."""
    asked: _Asked | None = st.session_state.pop(f"{key}_asked", None)
    if asked:
        asked.stop()


def forget_if_empty(uploader: str, key: str) -> None:
    """Drop a batch when its file was taken out of the file field with the key ``uploader``."""
    if st.session_state.get(uploader) is None:
        forget(key)


def _start(asked: _Asked, task: Task) -> None:
    def answer(check: Check) -> None:
        from models.predict import InputError  # brings torch, only when somebody asks

        batch = asked.batch
        try:
            while batch.left:
                check(batch.total - batch.left, batch.total)
                with turn():
                    batch.answer_next(task, version_id=asked.version.id)
        except (InputError, VersionError) as error:
            raise Unable(str(error)) from None

    if asked.work is None or asked.work.ended.is_set():  # two at once would answer the same inputs twice
        asked.work = Work(answer)


def _show(asked: _Asked, task: Task, noun: str, one: str, key: str) -> None:
    from models.predict import NO_ANSWER

    table = asked.batch.table()
    answers = table.loc[table["answer"] != NO_ANSWER, "answer"]
    about = f"Probability of {task.classes[1]}" if len(task.classes) == 2 else "Its probability"
    with st.container(border=True, key=f"{key}_card"):
        st.subheader(f"{len(answers):,} of {amount(len(table), noun)} answered", anchor=False)
        if len(answers):
            counts = answers.value_counts().items()
            st.markdown(" · ".join(f"{plain(str(answer)).removesuffix('.')}: {count:,}" for answer, count in counts))
        st.dataframe(
            table[[name for name in _COLUMNS if name in table]].head(_DRAWN),
            hide_index=True,
            key=f"{key}_table",
            column_config={
                "row": st.column_config.NumberColumn("Row", width=50),
                "file": "File",
                "answer": "Answer",
                "probability": st.column_config.ProgressColumn(about, min_value=0.0, max_value=1.0, format="percent"),
                "low": st.column_config.NumberColumn("95 % interval from", format="percent"),
                "high": st.column_config.NumberColumn("to", format="percent"),
                "note": st.column_config.TextColumn("Why not, or what to mind", width="large"),
            },
        )
        if len(table) > _DRAWN:
            st.caption(f"The first {_DRAWN:,} are shown; the download has all {len(table):,}.")
        st.download_button(
            "Download the answers",
            lambda: _csv(table),
            file_name=f"{task.name}-answers.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"{key}_csv",
        )
        st.caption(cases_of_many(task, one))
        st.divider()
        st.caption(f"{asked.version.label} · {plain(asked.filename)}")
        st.caption(f":material/medical_information: {NOT_FOR_CLINICAL_USE}")


def _csv(table: "pd.DataFrame") -> bytes:
    if "file" in table:
        table = table.assign(file=table["file"].map(safe_cell))
    return table.to_csv(index=False).encode()
