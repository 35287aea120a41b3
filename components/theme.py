"""The look that all pages share: colours for drawings, headings, figures with intervals, and the footer.

Colours of widgets live in .streamlit/config.toml; what that cannot say is in style.css.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from settings import ROOT

MARK = ROOT / "assets" / "mark.svg"
WORDMARK = ROOT / "assets" / "wordmark.svg"
NOT_FOR_CLINICAL_USE = "Research demonstration, not for clinical use."


@dataclass(frozen=True)
class Palette:
    """Colours of the drawings in one theme; each stands out from its background by at least 3:1."""

    alive: str  # the global model, the champion
    other: str  # the run it is compared with
    attention: str
    refusal: str
    quiet: str  # sites, grids, what is in the background
    muted: str  # small text
    text: str
    paper: str


LIGHT = Palette("#0B7A75", "#7B4B94", "#9A6B00", "#B8324A", "#8B938F", "#5B6664", "#1C2526", "#FBFAF7")
DARK = Palette("#3FC1B6", "#C39BD8", "#E0A100", "#F0788C", "#7C8A8A", "#A9B4B2", "#E8ECEA", "#10181A")


def palette() -> Palette:
    """Return the colours for the theme the viewer has now."""
    return DARK if st.context.theme.type == "dark" else LIGHT


@lru_cache
def _css() -> str:
    return (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def apply() -> None:
    """Put the style sheet and the mark on the page; called once a page by the navigation."""
    st.html(f"<style>{_css()}</style>")
    st.logo(WORDMARK, size="medium")


def page(title: str, lead: str | None = None, *, eyebrow: str | None = None) -> None:
    """Write a page's heading: a small line above, the title, and one or two sentences below."""
    if eyebrow:
        st.html(f'<p class="mh-eyebrow">{escape(eyebrow)}</p>')
    st.title(title, anchor=False)
    if lead:
        st.html(f'<p class="mh-lead">{escape(lead)}</p>')


def footer() -> None:
    """Say at the end of every page what this is, and what it is not."""
    st.html(f'<div class="mh-footer" role="contentinfo">MedHive · {NOT_FOR_CLINICAL_USE}</div>')


def figure(label: str, value: str, note: str = "", *, large: bool = False) -> None:
    """Write one number with what it is above and its interval or source below."""
    st.html(_figure(label, value, note, "mh-figure large" if large else "mh-figure"))


def figures(rows: Sequence[tuple[str, str, str]]) -> None:
    """Write several (label, value, note) beside each other, as many in a line as fit."""
    st.html(f'<div class="mh-figures">{"".join(_figure(*row, "mh-figure") for row in rows)}</div>')


def _figure(label: str, value: str, note: str, css_class: str) -> str:
    below = f"<small>{escape(note)}</small>" if note else ""
    return f'<div class="{css_class}"><small>{escape(label)}</small><b>{escape(value)}</b>{below}</div>'


def number(value: float | None, digits: int = 3) -> str:
    """Return ``value`` with ``digits`` decimals, or "not defined" for None and NaN."""
    return "not defined" if value is None or value != value else f"{value:.{digits}f}"


def interval(score: Mapping[str, Any] | None, *, signed: bool = False) -> str:
    """Return "0.987 to 0.999" for a score {"value", "low", "high"}; empty where there is none."""
    if not score or score.get("low") is None or score["low"] != score["low"]:
        return ""
    form = "+.3f" if signed else ".3f"
    return f"{format(float(score['low']), form)} to {format(float(score['high']), form)}"


def duration(seconds: float | None) -> str:
    """Return a length of time in words: "18 ms", "0.4 s", "12 s", "3 min 05 s", "1 h 02 min"; a dash for None."""
    if seconds is None:
        return "–"
    if 0 < seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def amount(count: int, noun: str) -> str:
    """Return "1 site" or "1,200 sites"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
