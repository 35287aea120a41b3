"""Bring the newest part of a long page into view, once for each value of ``turn``."""

import streamlit as st

_JS = """
export default function ({ data, parentElement }) {
  const mark = parentElement.querySelector("span");
  if (mark.dataset.turn === String(data.turn)) return;
  mark.dataset.turn = String(data.turn);
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const scroll = () => mark.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  requestAnimationFrame(() => setTimeout(scroll, 120)); // after what follows has its height
}
"""
_CSS = "span { display: block; height: 0; scroll-margin-top: 5rem; }"


def scroll_here(turn: int, *, key: str) -> None:
    """Scroll the page to this place when ``turn`` has changed since it was last drawn."""
    component = st.components.v2.component("medhive_scroll_here", html="<span></span>", css=_CSS, js=_JS)
    component(data={"turn": turn}, key=key)
