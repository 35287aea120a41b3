"""The three-minute tour: sign in as demo admin, start a run, watch it, promote its model, try it.

Where somebody stands follows from what they did since the tour began, not from clicks counted. A short-lived cookie
keeps the beginning, since signing in loads the page anew; it holds a time and nothing else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

import streamlit as st
from sqlalchemy import select

from accounts.permissions import Action, Role
from components import gate
from components.links import go, link
from data.database import Promotion, Run, transaction
from settings import get_settings

STEPS = ("Sign in", "Start a run", "Watch it", "Promote its model", "Try it")
COOKIE = "medhive_tour"
LIFE = 3600  # seconds
_SINCE = "tour_since"
_LEFT = "tour_left"
_KEEP = f"""
export default function ({{ data }}) {{
  document.cookie = "{COOKIE}=" + Number(data.since) + ";path=/;SameSite=Lax;max-age=" + (data.since ? {LIFE} : 0);
}}
"""


@dataclass(frozen=True)
class Progress:
    """How many steps are done, and what the next one is about."""

    done: int
    run_id: int | None = None
    version_id: int | None = None
    task: str = ""


def begin() -> None:
    """Start the tour: whoever may start runs goes to Admin, in demo mode everybody else signs in as demo admin."""
    since = time.time()
    st.session_state[_SINCE] = since
    st.session_state.pop(_LEFT, None)
    if gate.may(Action.START_RUN):
        go("admin.py", {"section": "start"})
    elif get_settings().demo:
        from components.browser_session import enter_demo

        _cookie(since)
        enter_demo(Role.ADMIN, "admin")
    else:
        st.switch_page("account.py", query_params={"next": "admin"})


def started() -> float | None:
    """Return when the tour began, in seconds since 1970; None when there is none."""
    if st.session_state.get(_LEFT):
        return None
    if _SINCE in st.session_state:
        return float(st.session_state[_SINCE])
    return begun(st.context.cookies.get(COOKIE) or "", time.time())


def begun(cookie: str, now: float) -> float | None:
    """Return the time that the cookie holds; None when it is none, lies ahead, or is older than an hour."""
    try:
        since = float(cookie)
    except ValueError:
        return None
    return since if 0 < now - since < LIFE else None


def progress(since: float, user_id: int | None) -> Progress:
    """Return where a person stands who began the tour at ``since``."""
    if user_id is None:
        return Progress(0)
    begun = datetime.fromtimestamp(since, UTC)
    with transaction() as session:
        run = session.scalar(
            select(Run).where(Run.requested_by == user_id, Run.created_at >= begun).order_by(Run.id.desc()).limit(1)
        )
        if run is None:
            return Progress(1)
        if run.finished_at is None:
            return Progress(2, run.id, task=run.task)
        promoted = session.scalar(
            select(Promotion.id).where(
                Promotion.by == user_id, Promotion.at >= begun, Promotion.task == run.task, Promotion.kind == "promote"
            )
        )
    return Progress(3 if promoted is None else 4, run.id, _version_of(run.id), run.task)


def _version_of(run_id: int) -> int | None:
    from fl.runs import get_run

    return get_run(run_id).version_id


def section() -> str:
    """Return the section of Admin that the next step needs, empty when there is none."""
    since, person = started(), gate.current_person()
    if since is None or person is None or not gate.may(Action.START_RUN):
        return ""
    return "start" if progress(since, person.id).done == 1 else ""


def bar() -> None:
    """Draw the steps and the way to the next one, while the tour is on; else nothing."""
    since = started()
    if since is None:
        return
    person = gate.current_person()
    admin = person is not None and gate.may(Action.START_RUN)
    now = progress(since, person.id if person and admin else None)
    with st.container(border=True, key="tour"):
        items = "".join(
            f'<li class="{"done" if i < now.done else ""}"{" aria-current=step" if i == now.done else ""}>'
            f"{escape(step)}</li>"
            for i, step in enumerate(STEPS)
        )
        st.html(f'<ol class="mh-steps" aria-label="Tour">{items}</ol>')
        with st.container(horizontal=True, vertical_alignment="center"):
            _next(now)
            st.space("stretch")
            if st.button("End the tour", type="tertiary", icon=":material/close:", key="tour_end"):
                st.session_state[_LEFT] = True
                st.session_state.pop(_SINCE, None)
                _cookie(0)
                st.rerun()


def _next(now: Progress) -> None:
    if now.done == 0:
        if st.button("Sign in as demo admin", key="tour_sign_in", disabled=not get_settings().demo):
            begin()
    elif now.done == 1:
        st.markdown("Leave the settings as they are and press **Start the run**.")
        _link("Open the form", "admin.py", {"section": "start"})
    elif now.done == 2:
        st.markdown("Each cell is a site. It lights up when its update has arrived.")
        _link("Watch the run", "admin.py", {"section": "runs", "run": str(now.run_id)})
    elif now.done == 3 and now.version_id is not None:
        st.markdown("Compare the new version with the champion, write a reason, and press **Promote**.")
        _link("Decide", "admin.py", {"section": "decision", "version": str(now.version_id)})
    elif now.done == 3:
        st.markdown("This run left no model. Start another one.")
        _link("Open the form", "admin.py", {"section": "start"})
    else:
        st.markdown("Your model answers now. Ask it.")
        _link("Try it", "model_hive.py", {"task": now.task})


def _link(label: str, page: str, query: dict[str, str]) -> None:
    """Draw the way to the next step, unless this is the place."""
    shown = st.query_params.get("section") or section() or "overview" if page == "admin.py" else None
    here = gate.current_page() == page.removesuffix(".py") and shown == query.get("section")
    if not here or (query.get("run") or "") != st.query_params.get("run", ""):
        link(label, page, query, key="tour_next")


def _cookie(since: float) -> None:
    keep = st.components.v2.component("medhive_tour", html="<span></span>", js=_KEEP)
    keep(data={"since": int(since)}, key=f"tour_cookie_{int(since)}", height=1)
