"""Who is looking at the page, and whether they may: the pages' side of the permission table."""

import re

import streamlit as st

from accounts.people import UserView
from accounts.permissions import Action, Role, allowed
from accounts.sessions import COOKIE, person_of

ACCOUNT_PAGE = "account.py"
_PAGE_NAME = re.compile(r"[a-z_]{1,40}")


def current_person() -> UserView | None:
    """Return who is signed in in this browser; None for a visitor.

    Asked anew each time (a millisecond), so that signing out elsewhere or a changed role counts at once.
    """
    return person_of(_cookie())


def current_role() -> Role:
    """Return the role of whoever looks at the page; ``visitor`` when nobody is signed in."""
    person = current_person()
    return person.role if person else Role.VISITOR


def may(action: Action) -> bool:
    """Whether whoever looks at the page may do ``action``."""
    return allowed(current_role(), action)


def require(action: Action) -> None:
    """Let those pass who may do ``action``; show the others one sentence and a way to sign in, and stop the page."""
    person = current_person()
    if allowed(person.role if person else Role.VISITOR, action):
        return
    with st.container(border=True, width=640):
        if person is None:
            st.subheader("Sign in to see this page", anchor=False)
            st.write(f"It is for people who may {action}.")
        else:
            st.subheader("Your role does not open this page", anchor=False)
            st.write(f"It is for people who may {action}; you are signed in as {person.role}. An admin changes roles.")
        if st.button("Sign in" if person is None else "Open my account", type="primary", key="gate_sign_in"):
            here = current_page()
            st.switch_page(ACCOUNT_PAGE, query_params={"next": here} if here else None)
    st.stop()


def current_page() -> str:
    """Return the name of the page in the address ("contribute"), empty for Home."""
    address = st.context.url or ""
    return page_name(address.partition("?")[0].rstrip("/").rpartition("/")[2])


def page_name(text: str) -> str:
    """Return ``text`` when it can be the name of a page, else an empty text; nothing else may become an address."""
    return text if _PAGE_NAME.fullmatch(text) else ""


def _cookie() -> str | None:
    return st.context.cookies.get(COOKIE)
