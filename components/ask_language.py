"""Where a language model is asked: by the companion, whose guardrails and citations it gets."""

import streamlit as st

from components.links import link


def ask_language(*, key: str) -> None:
    """Say how to ask, and what to make of it."""
    st.warning(
        "A small language model states false medicine fluently. The companion therefore looks for emergencies first, "
        "gives the model passages to word, and shows none of its sentences that no passage backs.",
        icon=":material/warning:",
    )
    link("Ask it in the companion", "chatbot.py", key=f"{key}_companion", icon=":material/forum:", type="primary")
    st.caption("Choose “Federated model (experimental)” under “Answers by” there. Not for clinical use.")
