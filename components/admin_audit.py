"""Admin, audit log: who did what to what, when; with a filter and as CSV."""

import csv
import io
import json
from collections.abc import Sequence

import streamlit as st

from accounts.audit import Entry, entries
from components.theme import amount
from rag.spreadsheet import safe_cell

NEWEST = 1000


def audit_log() -> None:
    """Draw the newest acts."""
    found = entries(limit=NEWEST)
    left, middle, right = st.columns([2, 2, 3], vertical_alignment="bottom")
    with left:
        actions = sorted({entry.action for entry in found})
        action = st.selectbox("Act", [None, *actions], format_func=lambda name: name or "all", key="audit_action")
    with middle:
        people = sorted({entry.user_name for entry in found})
        who = st.selectbox("Person", [None, *people], format_func=lambda name: name or "all", key="audit_person")
    with right:
        text = st.text_input("Search", key="audit_search", placeholder="In subject and detail")
    shown = filtered(found, action, who, text)
    if not shown:
        st.write("Nothing fits the filter." if found else "Nothing was done yet.")
        return
    st.dataframe(
        [
            {
                "When (UTC)": entry.at,
                "Who": entry.user_name,
                "What": entry.action,
                "To what": entry.subject,
                "Detail": _detail(entry),
            }
            for entry in shown
        ],
        hide_index=True,
        column_config={"When (UTC)": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss")},
        key="audit_table",
        alt="Audit log, the newest act first",
    )
    more = f" Older ones are not shown: the newest {NEWEST:,} are." if len(found) == NEWEST else ""
    st.caption(f"{amount(len(shown), 'act')}. Entries are only ever added.{more}")
    st.download_button(
        "Audit log as CSV",
        audit_csv(shown),
        file_name="medhive-audit.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="audit_csv",
    )


def filtered(found: Sequence[Entry], action: str | None, who: str | None, text: str) -> list[Entry]:
    """Return the entries of one act and person that hold ``text`` in subject or detail; None and "" mean all."""
    wanted = text.strip().lower()
    return [
        entry
        for entry in found
        if (action is None or entry.action == action)
        and (who is None or entry.user_name == who)
        and wanted in f"{entry.subject} {_detail(entry)}".lower()
    ]


def _detail(entry: Entry) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {value if isinstance(value, str | int | float) else json.dumps(value)}"
        for name, value in entry.detail.items()
    )


def audit_csv(shown: Sequence[Entry]) -> bytes:
    """Return the entries as CSV that a spreadsheet cannot take for formulas."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["at_utc", "who", "action", "subject", "detail"])
    for entry in shown:
        cells = (entry.user_name, entry.action, entry.subject, json.dumps(dict(entry.detail), ensure_ascii=False))
        writer.writerow([entry.at.isoformat(), *(safe_cell(cell) for cell in cells)])
    return text.getvalue().encode()
