"""Admin: start runs, watch, compare and report on them, decide what is promoted, read the audit log, manage people."""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from accounts.permissions import Action, allowed
from components import gate, theme, tour
from components.admin_audit import audit_log
from components.admin_compare import compare
from components.admin_decision import decision
from components.admin_overview import overview
from components.admin_people import people
from components.admin_report import report
from components.admin_runs import runs
from components.admin_sites import sites
from components.admin_sources import sources_section
from components.admin_start import start_form
from components.runs_notice import runs_notice

CHOSEN = "admin_section"


class Section(NamedTuple):
    """A part of the page: its name in the address, its title, symbol, the action that opens it, what draws it."""

    name: str
    title: str
    icon: str
    action: Action
    draw: Callable[[], None]


SECTIONS = (
    Section("overview", "Overview", ":material/dashboard:", Action.START_RUN, overview),
    Section("start", "Start a run", ":material/play_circle:", Action.START_RUN, start_form),
    Section("runs", "Runs", ":material/timeline:", Action.WATCH_RUNS, runs),
    Section("compare", "Compare", ":material/grid_view:", Action.START_RUN, compare),
    Section("report", "Report", ":material/assessment:", Action.START_RUN, report),
    Section("decision", "Decision", ":material/balance:", Action.PROMOTE, decision),
    Section("sites", "Sites", ":material/hub:", Action.MANAGE_SITES, sites),
    Section("sources", "Sources", ":material/library_books:", Action.MANAGE_SOURCES, sources_section),
    Section("audit", "Audit log", ":material/history:", Action.VIEW_AUDIT, audit_log),
    Section("people", "People", ":material/group:", Action.MANAGE_PEOPLE, people),
)


def page() -> None:
    """Draw the section that the address names, the overview without one."""
    gate.require(Action.START_RUN)
    role = gate.current_role()
    open_here = {section.name: section for section in SECTIONS if allowed(role, section.action)}
    # The address says which section is shown, so that a link and a reload lead to the same place.
    asked = st.query_params.get("section") or tour.section() or "overview"
    st.session_state[CHOSEN] = asked if asked in open_here else "overview"
    theme.page("Admin")
    runs_notice()
    name = st.segmented_control(
        "Section",
        list(open_here),
        required=True,
        format_func=lambda name: f"{open_here[name].icon} {open_here[name].title}",
        key=CHOSEN,
        label_visibility="collapsed",
        wrap=True,
        on_change=_go,
    )
    if name is not None:
        open_here[name].draw()


def _go() -> None:
    st.query_params.from_dict({"section": st.session_state[CHOSEN]})


page()
