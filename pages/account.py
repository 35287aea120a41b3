"""The person's own page: sign in, register, demo roles; when signed in, who one is, the password, and sign out."""

import streamlit as st

from accounts import sessions
from accounts.people import AccountError, UserView, change_password, choosable_roles, demo_people, register, verify
from accounts.permissions import Role
from components import gate, theme
from components.browser_session import enter, enter_demo, leave
from settings import get_settings

DOES = {
    Role.ADMIN: "Starts runs, watches them and decides what Model Hive serves.",
    Role.PROVIDER: "Contributes a hospital's records and sees what the hospital gains.",
    Role.CONTRIBUTOR: "Lets a machine of the own site train, and watches runs.",
    Role.USER: "Uses the models and keeps conversations with the companion.",
    Role.VISITOR: "Looks around.",
}
ICONS = {
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
            complain("E-mail and password do not belong together.")
        else:
            enter(person.id, next_page)
    except AccountError as error:
        complain(str(error))


def register_form(next_page: str) -> None:
    """Ask for what an account needs; outside demo mode everybody starts as a user."""
    roles = choosable_roles()
    role, site = Role.USER, None
    if len(roles) > 1:
        role = st.selectbox("Role", roles, format_func=str.capitalize)
        st.caption(DOES[role])
    with st.form("register", border=False):
        name = st.text_input("Name", autocomplete="name", max_chars=120)
        if role is Role.PROVIDER:
            site = st.text_input("Site: your hospital or practice", autocomplete="organization", max_chars=120)
        email = st.text_input("E-mail", autocomplete="username", key="register_email")
        password = st.text_input(
            "Password, at least 10 characters", type="password", autocomplete="new-password", key="register_password"
        )
        if len(roles) == 1:
            st.caption("You start as a user. An admin can make you a data provider or contributor afterwards.")
        sent = st.form_submit_button("Register", type="primary", width="stretch")
    if not sent:
        return
    try:
        enter(register(email, name, password, role, site).id, next_page)
    except AccountError as error:
        complain(str(error))


def demo_roles(people: list[UserView], next_page: str) -> None:
    """Offer a sign-in by one click for every role."""
    for person in people:
        with st.container(border=True, gap="small"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{ICONS[person.role]} **{person.role.capitalize()}**", width="stretch")
                chosen = st.button(f"Try as {person.role}", key=f"demo_{person.role.name.lower()}")
            st.markdown(DOES[person.role])
            if chosen:
                enter_demo(person.role, next_page)


def own_account(person: UserView) -> None:
    """Show who is signed in, and let the person change the password and sign out."""
    theme.page(person.name, DOES[person.role], eyebrow="Your account")
    left, right = st.columns(2, gap="large")
    left.subheader("Profile", anchor=False)
    with left, st.container(border=True):
        for what, text in (("Role", person.role.capitalize()), ("E-mail", person.email), ("Site", person.site_name)):
            if text:
                with st.container(gap=None):
                    st.caption(what)
                    st.text(text)  # as it was typed: a name may not become Markdown
        if person.role is Role.USER and not person.demo:
            st.caption("An admin can make you a data provider or contributor.")
        if st.button("Sign out", icon=":material/logout:", key="sign_out"):
            leave()
    with right:
        if person.demo:
            st.subheader("Try another role", anchor=False)
            demo_roles([other for other in demo_people() if other.id != person.id], "")
        else:
            password_form(person)


def password_form(person: UserView) -> None:
    """Let the person replace the password."""
    st.subheader("Change password", anchor=False)
    with st.form("change_password", clear_on_submit=True):
        old = st.text_input("Present password", type="password", autocomplete="current-password")
        new = st.text_input("New password, at least 10 characters", type="password", autocomplete="new-password")
        sent = st.form_submit_button("Change password")
    if not sent:
        return
    try:
        here = sessions.session_key(st.context.cookies.get(sessions.COOKIE))
        change_password(person.id, old, new, keep_session_sha256=here)
        st.success("The password is changed; your other browsers are signed out.", icon=":material/check:")
    except AccountError as error:
        complain(str(error))


def visitor_account() -> None:
    """Offer demo roles, sign-in and registration."""
    next_page = gate.page_name(st.query_params.get("next", ""))
    demo = get_settings().demo
    theme.page("Sign in", "Take a demo role and look around, or use an account of your own." if demo else None)
    if "expired" in st.query_params:
        st.warning("That sign-in was used already or took over a minute; sign in again.", icon=":material/schedule:")
    if demo:
        left, right = st.columns([6, 5], gap="large")
        with left:
            st.subheader("Demo roles", anchor=False)
            demo_roles(demo_people(), next_page)
    else:
        right = st.container(width=480)
    with right:
        known, new = st.tabs(["I have an account", "Register"])
        with known:
            sign_in_form(next_page)
        with new:
            register_form(next_page)


def complain(sentence: str) -> None:
    """Say what was wrong, below the form it is about."""
    st.error(sentence, icon=":material/error:")


signed_in = gate.current_person()
if signed_in:
    own_account(signed_in)
else:
    visitor_account()
