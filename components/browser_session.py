"""Signing in and out in the browser. Only a response of the server can set an HttpOnly cookie, so the page goes there.

A small component sends the browser to ``/auth/enter`` or ``/auth/leave``, which answer with the cookie and a way back.
"""

from urllib.parse import urlencode

import streamlit as st

from accounts import sessions
from accounts.people import AccountError, demo_people
from accounts.permissions import Role
from components.gate import page_name

_GO = """
export default function ({ data }) {
  if (data && data.to && data.to.startsWith("/auth/")) { window.location.assign(data.to); }
}
"""
_go = st.components.v2.component("medhive_go", html="<span></span>", js=_GO)


def enter(user_id: int, next_page: str = "") -> None:
    """Sign the person in in this browser and continue on a page.

    Parameters
    ----------
    user_id : somebody whose password was just checked, or a demo account.
    next_page : name of the page to continue on ("admin"); empty for Home.

    Raises
    ------
    AccountError
        When the person may not sign in.
    """
    query = {"code": sessions.issue_code(user_id), "next": page_name(next_page)}
    _go(data={"to": "/auth/enter?" + urlencode(query)}, key="go_enter", height=1)


def enter_demo(role: Role, next_page: str = "") -> None:
    """Sign in as the demo person of ``role``; raises AccountError outside demo mode."""
    for person in demo_people():
        if person.role is role:
            return enter(person.id, next_page)
    raise AccountError("There are no demo accounts on this installation.")


def leave() -> None:
    """Sign this browser out, on the server and in the browser."""
    _go(data={"to": "/auth/leave"}, key="go_leave", height=1)
