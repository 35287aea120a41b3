"""Admin, sites: which machines of real sites ask to connect, which may, and the bundle with which one joins."""

import streamlit as st

from accounts.permissions import Action
from components import gate
from components.contribute_compute import LOOK_SECONDS, bundle_button, rows_words, state_words
from components.plain_text import plain
from fl.deploy.bundle import Bundle
from fl.deploy.hub import Hub, HubError
from fl.deploy.nodes import NodeError, NodeView, nodes
from fl.deploy.registration import register, revoke

_SAID, _TROUBLE = "sites_said", "sites_trouble"


def sites() -> None:
    """Draw the machines, with what an admin can do about each."""
    try:
        hub = Hub.read()
    except HubError:
        st.info(
            "Real sites have no server to connect to yet. Start one on this machine with "
            "`python -m fl deploy server --host NAME`, where NAME is what sites reach it by.",
            icon=":material/info:",
        )
        return
    _machines()
    st.subheader("Invite a site", anchor=False)
    st.write(f"Sites connect to `{hub.address}`. A bundle holds this address and the certificate, and no secret.")
    name = st.text_input("Name of the organisation", key="sites_invite", max_chars=120)
    if name.strip():
        bundle_button(Bundle.of(name, hub), key="sites")


@st.fragment(run_every=LOOK_SECONDS)
def _machines() -> None:
    if said := st.session_state.pop(_SAID, None):
        st.success(said, icon=":material/check_circle:")
    if trouble := st.session_state.pop(_TROUBLE, None):
        st.error(trouble)
    known = nodes()
    waiting = [node for node in known if node.state == "waiting"]
    for node in waiting:
        _waiting(node)
    others = [node for node in known if node.state != "waiting"]
    if not known:
        st.write("No site has asked to connect yet.")
    if others:
        st.subheader("Machines", anchor=False)
    for node in others:
        _known(node)


def _waiting(node: NodeView) -> None:
    with st.container(border=True):
        st.markdown(f"**A machine that calls itself {plain(node.name)} asks to connect**")
        st.markdown(f"`{node.fingerprint}`")
        st.caption(
            "Call the site and compare all 32 digits: whoever holds this key will train in the site's name. "
            f"It offers {rows_words(node) or 'no rows yet'}."
        )
        name = st.text_input("It belongs to", node.name, key=f"sites_name_{node.id}", max_chars=120)
        with st.container(horizontal=True):
            st.button(
                "The digits agree: register",
                type="primary",
                icon=":material/verified_user:",
                key=f"sites_register_{node.id}",
                on_click=_register,
                args=(node.id, name),
            )
            _shut_out(node, "Refuse")


def _known(node: NodeView) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(node.name)}** · {state_words(node)}  \n`{node.fingerprint}`")
        st.caption(f"{rows_words(node) or 'no rows'} · last seen {node.seen_at:%d %b %Y, %H:%M} UTC")
        if node.state == "registered":
            st.space("stretch")
            _shut_out(node, "Shut out")


def _shut_out(node: NodeView, label: str) -> None:
    with st.popover(label, icon=":material/block:", key=f"sites_out_{node.id}"):
        st.write(f"{plain(node.name)} can then connect no more with this key. To come back, it makes a new one.")
        st.button("Yes, shut it out", key=f"sites_revoke_{node.id}", on_click=_revoke, args=(node.id,))


def _register(node_id: int, name: str) -> None:
    if (admin := _admin()) is None:
        return
    try:
        node = register(node_id, site=name, by=admin)
    except NodeError as error:
        st.session_state[_TROUBLE] = plain(str(error))
        return
    st.session_state[_SAID] = f"{plain(node.name)} may connect now."


def _revoke(node_id: int) -> None:
    if (admin := _admin()) is None:
        return
    try:
        node = revoke(node_id, by=admin)
    except NodeError as error:
        st.session_state[_TROUBLE] = plain(str(error))
        return
    st.session_state[_SAID] = f"{plain(node.name)} is shut out."


def _admin() -> int | None:
    person = gate.current_person()
    if person is None or not gate.may(Action.MANAGE_SITES):
        st.session_state[_TROUBLE] = "Your role may not decide about sites' machines."
        return None
    return person.id
