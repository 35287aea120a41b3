"""Contribute, at the own site: the bundle a machine joins with, what to type there, and whether it is connected."""

import streamlit as st

from accounts.people import UserView
from components.plain_text import plain
from components.theme import amount
from data.database import now
from fl.deploy.bundle import Bundle
from fl.deploy.hub import Hub, HubError
from fl.deploy.nodes import NodeView, nodes
from models.registry import tasks

LOOK_SECONDS = 5
STATE_WORDS = {
    "waiting": ":material/hourglass_top: waits for an admin",
    "registered": ":material/link_off: away",
    "revoked": ":material/block: shut out",
}


def own_machine(person: UserView, *, key: str) -> None:
    """Draw the steps, and the machines of the person's site."""
    st.write(
        "A machine of yours can train on records that never leave it: they lie in its own vault, under keys that only "
        "it has. It connects to this server by itself, so nobody needs to reach it from outside."
    )
    try:
        hub = Hub.read()
    except HubError:
        st.info(
            "This MedHive has no server for real sites yet. An admin starts one with `python -m fl deploy server`.",
            icon=":material/info:",
        )
        return
    name = person.site_name or st.text_input("Name of your organisation", key=f"{key}_organisation", max_chars=120)
    if not name.strip():
        st.caption("Give the name of your organisation, and the bundle can be downloaded.")
        return
    bundle = Bundle.of(name, hub)
    steps, state = st.columns([5, 3], gap="large")
    with steps:
        _steps(bundle, key=key)
    with state, st.container(border=True):
        _own_state(bundle.site, person.site_id)


def bundle_button(bundle: Bundle, *, key: str) -> None:
    """Draw the button that downloads a site's bundle."""
    st.download_button(
        f"Download {bundle.filename}",
        bundle.to_json(),
        file_name=bundle.filename,
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
        key=f"{key}_bundle",
    )


def state_words(node: NodeView) -> str:
    """Return a machine's state with its symbol."""
    return ":material/link: connected" if node.connected else STATE_WORDS[node.state]


def rows_words(node: NodeView) -> str:
    """Return what a machine has, task by task."""
    titles = {name: task.title for name, task in tasks().items()}  # a site may know tasks that this server does not
    found = [f"{amount(offer['rows'], 'row')} for {titles.get(task, task)}" for task, offer in node.offers.items()]
    return plain(", ".join(sorted(found)))


def _steps(bundle: Bundle, *, key: str) -> None:
    st.markdown("**1. Take the bundle to your machine.** It holds no secret.")
    bundle_button(bundle, key=key)
    st.markdown("**2. Put your records into the machine's own vault**, once MedHive is installed there.")
    st.code("python -m fl deploy add-data --task TASK FILE.csv", language="bash", wrap_lines=True)
    st.markdown("**3. Connect.** The machine makes its own key and shows the key's 32 digits.")
    st.code(f"python -m fl deploy site {bundle.filename}", language="bash", wrap_lines=True)
    st.markdown("**4. Read the digits to an admin by telephone.** Once registered, your site takes part in runs.")


@st.fragment(run_every=LOOK_SECONDS)
def _own_state(site: str, site_id: int | None) -> None:
    known = nodes()
    own = [node for node in known if (node.site_id == site_id if site_id and node.site_id else node.name == site)]
    st.markdown(f"**Machines of {plain(site)}**")
    if not own:
        st.caption("None has said hello yet. It appears here a few seconds after step 3.")
    for node in own:
        st.markdown(f"{state_words(node)}")
        st.markdown(f"`{node.fingerprint}`")
        seconds = (now() - node.seen_at).total_seconds()
        ago = "a moment ago" if seconds < 60 else f"{seconds / 60:.0f} min ago" if seconds < 7200 else "long ago"
        # Whoever only gives a name sees that its machine is connected, not what it holds.
        rows = f"{rows_words(node) or 'no rows yet'} · " if site_id and node.site_id == site_id else ""
        st.caption(f"{rows}last seen {ago}")
