"""Admin: start runs, watch and compare them, decide what is promoted, read the audit log, manage people."""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from accounts.permissions import Action
from components import gate, theme, tour
from components.admin_audit import audit_log
from components.admin_decision import decision
from components.admin_overview import overview
from components.admin_people import people
from components.admin_runs import runs
from components.admin_start import start_form


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
    Section("decision", "Decision", ":material/balance:", Action.PROMOTE, decision),
    Section("audit", "Audit log", ":material/history:", Action.VIEW_AUDIT, audit_log),
    Section("people", "People", ":material/group:", Action.MANAGE_PEOPLE, people),
)


def page() -> None:
    """Draw the section that the address names, the overview without one."""
    gate.require(Action.START_RUN)
    tour.bar()
    theme.page("Admin")
    open_here = {section.name: section for section in SECTIONS if gate.may(section.action)}
    name = st.segmented_control(
        "Section",
        list(open_here),
        default="overview",
        required=True,
        format_func=lambda name: f"{open_here[name].icon} {open_here[name].title}",
        key="section",
        label_visibility="collapsed",
        bind="query-params",
        wrap=True,
    )
    section = open_here.get(name or "overview")
    if section is not None:
        section.draw()


page()
