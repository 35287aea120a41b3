"""The person's own page: sign in, register, demo roles; when signed in, who one is, the password, and sign out."""

import streamlit as st

from accounts import sessions
from accounts.people import AccountError, UserView, change_password, choosable_roles, demo_people, register, verify
from accounts.permissions import Role
from components import gate, theme
from components.browser_session import enter, enter_demo, leave
from settings import get_settings

ROLE_WORDS = {
    Role.ADMIN: "starts runs, watches them and decides what Model Hive serves",
    Role.PROVIDER: "contributes a hospital's records and sees what the hospital gains",
    Role.CONTRIBUTOR: "watches federated runs",
    Role.USER: "uses the models and keeps conversations with the companion",
}
ROLE_ICONS = {
    Role.ADMIN: ":material/monitoring:",
    Role.PROVIDER: ":material/local_hospital:",
    Role.CONTRIBUTOR: ":material/visibility:",
    Role.USER: ":material/person:",
}


def sign_in_form(next_page: str) -> None:
    """Ask for address and password."""
    with st.form("sign_in", border=False):
        email = st.text_input("E-mail", autocomplete="username")
        password = st.text_input("Password", type="password", autocomplete="current-password")
        sent = st.form_submit_button("Sign in", type="primary", width="stretch")
    if not sent:
        return
    try:
        person = verify(email, password)
        if person is None:
            st.error("E-mail and password do not belong together.", icon=":material/error:")
        else:
            enter(person.id, next_page)
            st.caption("Signing in")
    except AccountError as error:
        st.error(str(error), icon=":material/error:")


def register_form(next_page: str) -> None:
    """Ask for what an account needs; outside demo mode everybody starts as a user."""
    roles = choosable_roles()
    role, site = Role.USER, None
    if len(roles) > 1:
        role = st.selectbox("Role", roles, format_func=lambda role: f"{role.capitalize()}: {ROLE_WORDS[role]}")
    with st.form("register", border=False):
        name = st.text_input("Name", autocomplete="name", max_chars=120)
        email = st.text_input("E-mail", autocomplete="username", key="register_email")
        password = st.text_input(
            "Password",
            type="password",
            autocomplete="new-password",
            key="register_password",
            help="At least 10 characters; several words that do not belong together are good.",
        )
        if role is Role.PROVIDER:
            site = st.text_input("Site: your hospital or practice", autocomplete="organization", max_chars=120)
        if len(roles) == 1:
            st.caption("You start as a user. An admin can make you a data provider or contributor afterwards.")
        sent = st.form_submit_button("Register", type="primary", width="stretch")
    if not sent:
        return
    try:
        person = register(email, name, password, role, site)
        enter(person.id, next_page)
        st.caption("Signing in")
    except AccountError as error:
        st.error(str(error), icon=":material/error:")


def demo_roles(next_page: str) -> None:
    """Offer a sign-in by one click for every role."""
    st.subheader("Look around in a role", anchor=False)
    for person in demo_people():
        with st.container(border=True):
            st.markdown(f"{ROLE_ICONS[person.role]} **{person.role.capitalize()}** {ROLE_WORDS[person.role]}.")
            if st.button(f"Continue as {person.role}", key=f"demo_{person.role.name.lower()}", width="stretch"):
                enter_demo(person.role, next_page)


def own_account(person: UserView) -> None:
    """Show who is signed in, and let the person change the password and sign out."""
    theme.page(person.name, f"{person.role.capitalize()}: {ROLE_WORDS[person.role]}.", eyebrow="Your account")
    with st.container(border=True, width=640):
        for what, text in (("E-mail", person.email), ("Site", person.site_name)):
            if text:
                st.caption(what)
                st.text(text)  # as it was typed: a name may not become Markdown
        if st.button("Sign out", icon=":material/logout:", key="sign_out"):
            leave()
    if person.demo:
        st.caption("This is a demo account: it has no password.")
        return
    with st.container(border=True, width=640), st.form("change_password", border=False):
        st.subheader("Change password", anchor=False)
        old = st.text_input("Present password", type="password", autocomplete="current-password")
        new = st.text_input("New password, at least 10 characters", type="password", autocomplete="new-password")
        if st.form_submit_button("Change password"):
            try:
                key = sessions.session_key(st.context.cookies.get(sessions.COOKIE))
                change_password(person.id, old, new, keep_session_sha256=key)
                st.success("The password is changed; other browsers are signed out.", icon=":material/check:")
            except AccountError as error:
                st.error(str(error), icon=":material/error:")


def visitor_account() -> None:
    """Offer demo roles, sign-in and registration."""
    next_page = gate.page_name(st.query_params.get("next", ""))
    demo = get_settings().demo
    theme.page("Sign in", "To look around, take a demo role; no password needed." if demo else None)
    if "expired" in st.query_params:
        st.warning("The sign-in took longer than a minute; please sign in again.", icon=":material/schedule:")
    left, right = st.columns(2, gap="large") if demo else (None, st.container(width=480))
    if left is not None:
        with left:
            demo_roles(next_page)
    with right:
        with_password, new = st.tabs(["Sign in", "Register"])
        with with_password:
            sign_in_form(next_page)
        with new:
            register_form(next_page)


signed_in = gate.current_person()
if signed_in:
    own_account(signed_in)
else:
    visitor_account()
