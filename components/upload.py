"""A CSV file from a person's hand to a checked Report: choosing it, looking at it, and every problem by name."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from components.plain_text import plain
from components.theme import amount
from data.intake.images import LABELS, check_zip
from data.intake.table import Problem, Report, check_csv
from data.table import TableSchema
from models.task import Task

_DRAWN = 15  # problems drawn on the page
_PICTURES = 8  # of an upload, shown


@dataclass(frozen=True)
class Upload:
    """A file as it was chosen, and what the check says about it."""

    filename: str
    size: int
    report: Report


def upload(
    schema: TableSchema,
    *,
    source: str,
    key: str,
    labelled: bool = True,
    help: str = "",
    on_change: Callable[[], None] | None = None,
) -> Upload | None:
    """Ask for a CSV file and return it checked, or None while there is none.

    A file is checked once, not on every rerun of the page; the result stays with this browser session only.
    """
    return ask_file(
        "CSV file",
        ("csv", "tsv", "txt"),
        lambda raw, _: check_csv(raw, schema, source=source, labelled=labelled),
        of=(schema.names, source, labelled),
        saying="Checking every row",
        key=key,
        help=help,
        on_change=on_change,
    )


def ask_file(
    label: str,
    types: Sequence[str],
    check: Callable[[bytes, str], Report],
    *,
    of: tuple[object, ...],
    saying: str,
    key: str,
    help: str = "",
    on_change: Callable[[], None] | None = None,
) -> Upload | None:
    """Ask for a file and return it checked, once for each file and each ``of``; None while there is none.

    Parameters
    ----------
    check : takes the bytes and the file's name.
    of : what else the check depends on.
    saying : what is said while it checks.
    on_change : called when a file is chosen or taken out.
    """
    st.session_state.setdefault(f"{key}_nonce", 0)
    chosen = st.file_uploader(label, type=types, key=widget_key(key), help=help or None, on_change=on_change)
    if chosen is None:
        st.session_state.pop(f"{key}_upload", None)
        return None
    raw = chosen.getvalue()
    mark = (chosen.name, hashlib.sha256(raw).hexdigest(), *of)
    kept = st.session_state.get(f"{key}_upload")
    if kept is None or kept[0] != mark:
        with st.spinner(saying):
            kept = (mark, Upload(chosen.name, len(raw), check(raw, chosen.name)))
        st.session_state[f"{key}_upload"] = kept
    done: Upload = kept[1]
    return done


def upload_pictures(task: Task, *, source: str, key: str) -> Upload | None:
    """Ask for a ZIP of labelled pictures and return it checked, or None while there is none."""
    asked = task.pictures
    assert asked is not None
    return ask_file(
        "ZIP file with pictures",
        ("zip",),
        lambda raw, _: check_zip(raw, asked, task.classes, source=source),
        of=(task.name, source),
        saying="Checking every picture",
        key=key,
        help=f"PNG, JPEG or DICOM, with {LABELS} (file,label, and patient if you like) or a folder for each class.",
    )


def show_pictures(report: Report, task: Task) -> None:
    """Show the first pictures as they are kept, each with its class."""
    assert report.dataset is not None
    some = report.dataset.x[:_PICTURES]
    names = [task.classes[k] for k in report.dataset.y[:_PICTURES]]
    st.image([picture.repeat(2, axis=0).repeat(2, axis=1) for picture in some], caption=names, width=110)
    st.caption(f"The first {len(some)} of {amount(report.rows, 'picture')}, as they are kept.")
    for note in report.notes:
        st.caption(f":material/info: {plain(note)}")


def forget_upload(key: str) -> None:
    """Empty the uploader ``key`` and drop what was read from it."""
    st.session_state.pop(f"{key}_upload", None)
    st.session_state[f"{key}_nonce"] = st.session_state.get(f"{key}_nonce", 0) + 1


def widget_key(key: str) -> str:
    """Return the key of the uploader now; a new one empties it."""
    return f"{key}_file_{st.session_state[f'{key}_nonce']}"


def size_words(size: int) -> str:
    """Return a file size in words: ``812 B``, ``41 kB``, ``3.2 MB``."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"


def problems_table(problems: Sequence[Problem]) -> pd.DataFrame:
    """Return one line a problem: row, column, value, rule. A dash where the whole file, row or column is meant."""
    return pd.DataFrame(
        {
            "Row": [str(problem.row or "–") for problem in problems],
            "Column": [problem.column or "–" for problem in problems],
            "Value": [problem.value or "–" for problem in problems],
            "Rule": [problem.rule for problem in problems],
        }
    )


def show_problems(report: Report, *, filename: str, key: str) -> None:
    """Say how many problems there are, list them, offer the list as a file, and show how the file was read."""
    table = problems_table(report.problems)
    count = amount(report.problem_count, "problem")
    st.error(f"{plain(filename)} has {count}, so nothing of it is kept. Mend the file and choose it again.")
    # A table and not a dataframe: its rules wrap instead of being cut, and can be read aloud and found in the page.
    st.table(table.head(_DRAWN), hide_index=True, border="horizontal")
    first = f"These are the first {_DRAWN}; the download lists {len(table):,}. " if len(table) > _DRAWN else ""
    st.caption(f"{first}Row 1 is the first line under the header.")
    st.download_button(
        "Download the problems",
        table.to_csv(index=False).encode(),
        file_name="problems.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"{key}_problems_csv",
    )
    if len(report.preview):
        with st.expander("How the file was read", icon=":material/table_view:"):
            st.dataframe(report.preview, key=f"{key}_as_read")


def show_preview(report: Report, schema: TableSchema, *, key: str) -> None:
    """Show the first rows as they were read, and what the check noted without objecting."""
    titles = {c.name: c.title_with_unit for c in schema.columns}
    st.dataframe(report.preview.rename(columns=titles).rename_axis("Row"), key=f"{key}_preview", height=240)
    st.caption(f"The first {len(report.preview)} of {amount(report.rows, 'row')}, as they were read.")
    for note in report.notes:
        st.caption(f":material/info: {plain(note)}")
