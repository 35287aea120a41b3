"""Admin, report: what FED-MED claims of federated language models, measured here; made in a process of its own."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from accounts import audit
from accounts.permissions import Action
from components import charts, gate, report_charts, reports
from components.plain_text import plain
from components.theme import duration
from data.jobs import Busy, Job
from fl.runs import active_run

_ERROR = "report_error"
_KINDS = {"quick": "Quick, under four minutes", "full": "Full, under forty minutes"}
_ABOUT = (
    "FED-MED, a system before MedHive, makes six claims about language models trained across hospitals. A report "
    "trains one at three sites and measures each of them on the same held-out answers: size and bytes sent, "
    "convergence, aggregation, weights of hospitals, speed and privacy."
)
_TAKES = (
    "It takes two cores for as long as it lasts. Quick shows that all works: two rounds of two steps, and intervals "
    "that are wide. Full is for figures to rely on. Let nothing else run beside, or its times are too long."
)
_FILES = (("json", "Figures (JSON)", "application/json"), ("md", "Page (Markdown)", "text/markdown"),
          ("png", "Charts (PNG)", "image/png"))  # fmt: skip


def report() -> None:
    """Draw the form, and the report that the address names, the newest, or the one that came with this version."""
    made = reports.REPORTS.all()
    shipped = reports.results(reports.SHIPPED)
    running = any(job.status == "running" for job in made)
    with st.expander("New report", icon=":material/add:", expanded=not made):
        _form(running)
    if error := st.session_state.pop(_ERROR, ""):
        st.error(error)
    known: list[int | None] = [*(job.number for job in made), *([None] if shipped else [])]
    if not known:
        st.write("No report yet. Make the first one above; its charts appear here.")
        return
    asked = st.query_params.get("report", "")
    number = int(asked) if asked.isdigit() and int(asked) in known else known[0]
    if len(known) > 1:
        number = st.selectbox(
            "Report", known, index=known.index(number), format_func=_job_words, key=f"report_shown_{known[0]}"
        )
    if number is None:
        st.caption("This is the report that came with this version of MedHive. It was not made on this machine.")
        _show(None)
    elif reports.REPORTS.file(number).read().status == "running":
        _live(number)
    else:
        _result(number)


def _form(running: bool) -> None:
    st.write(_ABOUT)
    st.caption(_TAKES)
    st.radio("How much", list(_KINDS), format_func=_KINDS.__getitem__, key="report_kind", horizontal=True)
    if active_run() is not None:
        st.caption(":material/info: A run is in progress: the times of a report made now would be too long.")
    st.button(
        "Make the report",
        type="primary",
        icon=":material/play_arrow:",
        key="report_start",
        on_click=_start,
        disabled=running,
        help="A report is being made." if running else None,
    )


def _start() -> None:
    person = gate.current_person()
    if person is None or not gate.may(Action.START_RUN):
        st.session_state[_ERROR] = "Your role may not make a report."
        return
    quick = st.session_state["report_kind"] == "quick"
    try:
        number = reports.start(quick=quick)
    except Busy:
        st.session_state[_ERROR] = "A report is being made: wait for its end, or cancel it."
        return
    audit.record("asked for a report", f"report {number}", by=person.id, detail={"kind": "quick" if quick else "full"})
    st.query_params.from_dict({"section": "report", "report": str(number)})


def _job_words(number: int | None) -> str:
    if number is None:
        return "the one that came with this version"
    job = reports.REPORTS.file(number).read()
    return f"{number}: {'quick' if job.report['quick'] else 'full'}, {job.status}"


@st.fragment(run_every=1.0)
def _live(number: int) -> None:
    job = reports.REPORTS.file(number).read()
    if job.status != "running":
        st.rerun()
    passed = time.time() - job.report["began"]
    last = reports.before(job.report["quick"])
    left = reports.left(job, last["steps"] if last else (), time.time())
    share = job.done / job.total if job.total else 0.0
    st.progress(share if left is None else passed / (passed + left + 0.1), _step_words(job))
    time_left = "" if left is None else f" · about {duration(left)} left, if it is as fast as the last one"
    st.caption(f"{duration(passed)} so far{time_left}. You may leave this page; the report goes on.")
    if st.button("Cancel the report", icon=":material/stop_circle:", key=f"report_cancel_{number}"):
        reports.REPORTS.file(number).cancel()
        st.caption("It ends within seconds, and nothing of it is kept.")


def _step_words(job: Job) -> str:
    if not job.total:
        return "Starting"
    within = f", {job.report['within']}" if job.report["within"] else ""
    what = job.report["what"] or "drawing the charts"
    return plain(f"Step {min(job.done + 1, job.total)} of {job.total}: {what}{within}")


def _result(number: int) -> None:
    job = reports.REPORTS.file(number).read()
    if job.status == "cancelled":
        st.write(f"Cancelled in step {min(job.done + 1, job.total)} of {job.total}; nothing of it was kept.")
    elif job.error:
        st.error(f"The report was not made. {plain(job.error)}", icon=":material/error:")
    else:
        _show(number)


def _show(number: int | None) -> None:
    folder = reports.folder_of(number)
    found = reports.results(folder)
    if found is None:
        st.error("The files of this report are gone or spoilt.", icon=":material/error:")
        return
    st.markdown(_origin(found))
    _downloads(folder, number)
    names = list(found["parts"])
    for pair in (names[at : at + 2] for at in range(0, len(names), 2)):
        for column, name in zip(st.columns(2, gap="medium"), pair, strict=False):
            with column.container(border=True, height="stretch"):
                _part(found, name, number)
    st.caption("The same again, from the command line:")
    st.code(found["command"], language=None, wrap_lines=True)


def _origin(found: Mapping[str, Any]) -> str:
    """Return in a line when, of what and on what a report was made."""
    at = datetime.fromisoformat(found["date"])
    kind = "quick, to see that all works: its intervals are wide" if found["quick"] else "full"
    return (
        f"**Made {at.day} {at:%B %Y, %H:%M} UTC** of commit {plain(found['commit'])}, in "
        f"{duration(found['seconds']['wall'])} ({kind}). {plain(found['machine'])}, load {found['load']:.2f} before."
    )


def _downloads(folder: Any, number: int | None) -> None:
    with st.container(horizontal=True):
        for suffix, label, mime in _FILES:
            if file := reports.file_of(folder, suffix):
                st.download_button(
                    label,
                    file.read_bytes(),
                    file.name,
                    mime,
                    icon=":material/download:",
                    on_click="ignore",
                    key=f"report_{suffix}_{number}",
                )


def _part(found: Mapping[str, Any], name: str, number: int | None) -> None:
    part = found["parts"][name]
    st.markdown(f"**{plain(found['charts'][name]['title'])}**")
    charts.show(report_charts.chart(found["charts"][name]), plain(part["measured"]), key=f"report_{name}_{number}")
    st.markdown(f"**FED-MED claims** {plain(part['claimed'])}.")
    st.markdown(plain(part["about"]))
