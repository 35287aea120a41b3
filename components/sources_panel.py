"""The sources of an answer: numbered chips that open the passage, its cited sentences marked, with the link.

The panel opens and closes in the browser, without asking the server. Numbers in the text above the chips are links to
``#<anchor>-<number>``; the panel catches clicks on them.
"""

from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import streamlit as st

from rag.citations import Source

_HTML = '<ul class="chips" aria-label="Sources"></ul><section class="panel" popover="auto" role="dialog"></section>'


@lru_cache
def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def sources_panel(sources: Sequence[Source], *, anchor: str) -> None:
    """Show the chips of ``sources``; ``anchor`` is unique on the page and names the links in the text."""
    component = st.components.v2.component(
        "medhive_sources", html=_HTML, css=_file("sources_panel.css"), js=_file("sources_panel.js")
    )
    component(data={"anchor": anchor, "sources": [asdict(source) for source in sources]}, key=anchor)
