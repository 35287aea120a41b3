"""Admin, people: who has an account, and which role."""

import streamlit as st

from accounts.people import AccountError, UserView, list_people, set_role
from accounts.permissions import Action, Role
from components import gate

ROLES = (Role.USER, Role.CONTRIBUTOR, Role.PROVIDER, Role.ADMIN)
_SAID = "people_said"


def people() -> None:
    """Draw the list and the form that changes a role."""
    if said := st.session_state.pop(_SAID, None):
        st.success(said, icon=":material/check_circle:")
    everybody = list_people()
    st.dataframe(
        [
            {
                "Name": person.name,
                "E-mail": person.email,
                "Role": person.role.value,
                "Site": person.site_name or "",
                "Account": "demo" if person.demo else "own",
            }
            for person in everybody
        ],
        hide_index=True,
        key="people_table",
        alt="People with an account",
    )
    own = [person for person in everybody if not person.demo]
    st.subheader("Change a role", anchor=False)
    if not own:
        st.write("Only demo accounts exist, and their roles are fixed. Somebody who registers appears here.")
        return
    _form(own)


def _form(own: list[UserView]) -> None:
    left, middle, right = st.columns(3)
    with left:
        person = st.selectbox("Person", own, format_func=lambda one: f"{one.name}, {one.email}", key="people_person")
    with middle:
        present = ROLES.index(person.role) if person.role in ROLES else 0
        role = st.selectbox(
            "Role", ROLES, index=present, format_func=lambda one: one.value, key=f"people_role_{person.id}"
        )
    with right:
        site = st.text_input(
            "Site",
            person.site_name or "",
            key=f"people_site_{person.id}",
            disabled=role is not Role.PROVIDER,
            help="A data provider belongs to a site. A new name makes a new site.",
        )
    unchanged = role is person.role and (site.strip() or None) == person.site_name
    if st.button("Change the role", icon=":material/badge:", key="people_change", disabled=unchanged):
        _confirm(person, role, site)


@st.dialog("Change this role?")
def _confirm(person: UserView, role: Role, site: str) -> None:
    st.write(f"{person.name} is {person.role.value} now, and {role.value} from the moment you confirm.")
    if role is Role.ADMIN:
        st.write("An admin can start runs, promote models, read the audit log and change roles.")
    if not st.button("Yes, change it", type="primary", key="people_confirm"):
        return
    admin = gate.current_person()
    if admin is None or not gate.may(Action.MANAGE_PEOPLE):
        st.error("Your role may not change roles.")
        return
    try:
        set_role(person.id, role, by=admin.id, site_name=site if role is Role.PROVIDER else None)
    except AccountError as error:
        st.error(str(error))
        return
    st.session_state[_SAID] = f"{person.name} is {role.value} now."
    st.rerun()
