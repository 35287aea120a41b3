"""The frame around every page: title, theme, demo banner, navigation on top, footer. Streamlit runs it each time."""

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from accounts.permissions import Action, allowed
from components import gate, theme, tour
from settings import get_settings

HERE = Path(__file__).parent


class Place(NamedTuple):
    """A page: its file, its name in the navigation, its symbol and the action that opens it."""

    file: str
    title: str
    icon: str
    action: Action


PLACES = (
    Place("home.py", "Home", ":material/hive:", Action.VIEW_HOME),
    Place("chatbot.py", "Companion", ":material/forum:", Action.ASK_COMPANION),
    Place("symptoms.py", "Symptoms", ":material/stethoscope:", Action.ASK_COMPANION),
    Place("model_hive.py", "Model Hive", ":material/neurology:", Action.VIEW_HIVE),
    Place("contribute.py", "Contribute", ":material/volunteer_activism:", Action.CONTRIBUTE),
    Place("admin.py", "Admin", ":material/monitoring:", Action.START_RUN),
)

st.set_page_config(page_title="MedHive", page_icon=str(theme.MARK), layout="wide")
theme.apply()

person = gate.current_person()
role = gate.current_role()
pages = [
    st.Page(
        HERE / place.file,
        title=place.title,
        icon=place.icon,
        default=place.file == "home.py",
        # A hidden page still answers its address: with a sentence and a way to sign in.
        visibility="visible" if allowed(role, place.action) else "hidden",
    )
    for place in PLACES
]
account = st.Page(HERE / "account.py", title=person.name if person else "Sign in", icon=":material/account_circle:")
page = st.navigation([*pages, account], position="top")

if get_settings().demo:
    with st.container(key="demo_banner"):
        st.caption("Demo mode: anybody may take any role here. Do not upload real patients' data.")
if page is not account:
    gate.require(PLACES[pages.index(page)].action)
tour.bar()
page.run()
theme.footer()
