"""Admin, sources: what the companion answers from; files are added, removed and indexed again here."""

import shutil
import tempfile
from pathlib import Path

import streamlit as st

from accounts import audit
from accounts.permissions import Action
from components import gate, theme
from components.plain_text import plain
from rag import readiness
from rag.article import ArticleError
from rag.index import ARTICLES
from rag.indexing import Busy, Job, current, start_adding, start_reindexing
from rag.library import remove, sources
from rag.sources.document import Reading
from rag.sources.read import LARGEST, SUFFIXES
from rag.store import Entry

KEY = "sources"
_SAID, _TROUBLE = f"{KEY}_said", f"{KEY}_trouble"
LOOK_SECONDS = 1.0
KINDS = {
    "article": "Articles",
    "records": "Questions and answers",
    "document": "Document",
    "jsonl": "Questions and answers",
    "pdf": "Document",
    "html": "Document",
    "htm": "Document",
    "md": "Document",
}


def sources_section() -> None:
    """Draw the sources, the job that runs, and the form that adds files."""
    if said := st.session_state.pop(_SAID, None):
        st.success(said, icon=":material/check_circle:")
    if trouble := st.session_state.pop(_TROUBLE, None):
        st.error(trouble, icon=":material/error:")
    job = current()
    if job is not None and job.state == "running":
        _running()
    elif job is not None:
        _ended(job)
    _list(busy=job is not None and job.state == "running")
    st.subheader("Add a source", anchor=False)
    _form(busy=job is not None and job.state == "running")


@st.fragment(run_every=LOOK_SECONDS)
def _running() -> None:
    job = current()
    if job is None or job.state != "running":
        st.rerun()
        return
    share = job.done / job.total if job.total else 0.0
    left = f", about {theme.duration(job.remaining)} left" if job.remaining is not None else ""
    words = f"{job.done:,} of {job.total:,} documents{left}" if job.total else "reading the file"
    with st.container(border=True):
        st.progress(share, f"Indexing {plain(job.name)}: {words}")
        st.caption("It goes on when you leave this page. Questions are answered meanwhile.")
        st.button(
            "Cancel", icon=":material/cancel:", key=f"{KEY}_cancel", on_click=job.cancel, disabled=job.cancelled()
        )


def _ended(job: Job) -> None:
    if job.state == "failed":
        st.error(plain(job.error), icon=":material/error:")
    elif job.state == "cancelled":
        st.info(f"Indexing {plain(job.name)} was cancelled.", icon=":material/cancel:")
    else:
        there = {entry.name for entry in sources()}
        if read := [_read(reading) for reading in job.readings if reading.name in there]:  # the others were removed
            st.success("  \n".join(["Indexed:", *read]), icon=":material/check_circle:")


def _read(reading: Reading) -> str:
    passages = sum(len(document.passages) for document in reading.documents)
    left_out = "".join(f", {count:,} {reason} left out" for reason, count in reading.dropped.items())
    return (
        f"{plain(reading.name)}: {theme.amount(len(reading.documents), 'document')}, "
        f"{theme.amount(passages, 'passage')}{left_out}."
    )


def _list(*, busy: bool) -> None:
    found = sources()
    if not found[0].complete:
        readiness.prepare()
        st.caption("The articles are being read for the first time.")
    total = sum(entry.passages for entry in found) or 1
    for entry in found:
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{plain(_name(entry))}** · {KINDS.get(entry.kind, entry.kind)}")
                st.space("stretch")
                if entry.name != ARTICLES:
                    _acts(entry, busy=busy)
            st.progress(
                entry.passages / total,
                f"{theme.amount(entry.documents, 'document')}, {theme.amount(entry.passages, 'passage')}: "
                f"{_share(entry.passages / total)} of all passages",
            )
            left_out = ", ".join(f"{count:,} {reason}" for reason, count in entry.dropped.items())
            notes = [
                f"Added {entry.added_at} UTC." if entry.added_at else "Comes with MedHive.",
                f"Left out: {left_out}." if left_out else "",
                "" if entry.complete else "Not wholly indexed: index it again.",
            ]
            st.caption(" ".join(note for note in notes if note))


def _share(share: float) -> str:
    """Return a share in percent; what is there is never "0 %", and what is not all never "100 %"."""
    if 0 < share < 0.01:
        return "under 1 %"
    return "over 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def _name(entry: Entry) -> str:
    return "Articles in MedHive's own form" if entry.name == ARTICLES else entry.name


def _acts(entry: Entry, *, busy: bool) -> None:
    st.button(
        "Index again",
        icon=":material/refresh:",
        key=f"{KEY}_again_{entry.name}",
        type="tertiary",
        disabled=busy,
        on_click=_reindex,
        args=(entry.name,),
    )
    with st.popover("Remove", icon=":material/delete:", key=f"{KEY}_remove_{entry.name}", disabled=busy):
        st.write(f"The companion will then answer without {plain(entry.name)}. The file is deleted here.")
        st.button("Yes, remove it", key=f"{KEY}_sure_{entry.name}", on_click=_remove, args=(entry.name,))


def _form(*, busy: bool) -> None:
    st.write(
        "JSONL with one object a line (answer and focus; id, qtype, source and url if there), PDF with text, HTML "
        "or Markdown. Lists of links, boilerplate and duplicates are left out; text in a source is never an order."
    )
    with st.form(f"{KEY}_form", clear_on_submit=True, border=False):
        files = st.file_uploader(
            "Files",
            type=[suffix.lstrip(".") for suffix in SUFFIXES],
            accept_multiple_files=True,
            key=f"{KEY}_files",
            max_upload_size=LARGEST // 1024**2,
        )
        sent = st.form_submit_button("Add and index", type="primary", icon=":material/add:", disabled=busy)
    if not sent:
        return
    if not files:
        st.warning("Choose at least one file.", icon=":material/upload_file:")
        return
    if (admin := _admin()) is None:
        return
    folder = Path(tempfile.mkdtemp(prefix="medhive-sources-"))
    paths = []
    for file in files:
        paths.append(folder / Path(file.name).name)
        paths[-1].write_bytes(file.getbuffer())
    try:
        start_adding(paths, lambda: shutil.rmtree(folder, ignore_errors=True))
    except Busy as error:
        shutil.rmtree(folder, ignore_errors=True)
        st.session_state[_TROUBLE] = plain(str(error))
    else:
        for path in paths:
            audit.record("added a source", path.name, by=admin)
    st.rerun()


def _reindex(name: str) -> None:
    if (admin := _admin()) is None:
        return
    try:
        start_reindexing(name)
    except Busy as error:
        st.session_state[_TROUBLE] = plain(str(error))
        return
    audit.record("indexed a source again", name, by=admin)


def _remove(name: str) -> None:
    if (admin := _admin()) is None:
        return
    try:
        remove(name)
    except ArticleError as error:
        st.session_state[_TROUBLE] = plain(str(error))
        return
    audit.record("removed a source", name, by=admin)
    st.session_state[_SAID] = f"{plain(name)} is removed."


def _admin() -> int | None:
    person = gate.current_person()
    if person is None or not gate.may(Action.MANAGE_SOURCES):
        st.session_state[_TROUBLE] = "Your role may not decide about the companion's sources."
        return None
    return person.id
