"""What everybody who starts or watches runs should know about the installation just now."""

import streamlit as st

from data import room
from fl.supervisor import watched_app


def runs_notice() -> None:
    """Say that runs wait because nothing can be written, or that another app executes them; else draw nothing."""
    if trouble := room.trouble():
        st.error(f"{trouble} Runs wait until then.", icon=":material/hard_disk:")
    if (other := watched_app()) is not None:
        st.info(
            f"Another MedHive app (process {other}) is open on the same MEDHIVE_HOME and executes its runs. This one "
            "watches: runs asked for here are executed there, and this app takes over when the other ends.",
            icon=":material/visibility:",
        )
