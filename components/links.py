"""Links that work inside a page too: Streamlit's own leave the address as it was when page and target are the same."""

from collections.abc import Mapping
from typing import Literal

import streamlit as st

from components import gate

ARROW = ":material/arrow_forward:"


def link(
    label: str,
    page: str,
    query: Mapping[str, str] | None = None,
    *,
    key: str,
    icon: str = ARROW,
    type: Literal["primary", "secondary", "tertiary"] = "secondary",
) -> None:
    """Draw a button that opens ``page`` ("admin.py") with the address parameters ``query``."""
    if st.button(label, key=key, icon=icon, type=type):
        go(page, query)


def go(page: str, query: Mapping[str, str] | None = None) -> None:
    """Open ``page`` with ``query`` now; nothing after this call is run."""
    if gate.current_page() == page.removesuffix(".py"):
        st.query_params.from_dict(dict(query or {}))
        st.rerun()
    st.switch_page(page, query_params=dict(query or {}))
