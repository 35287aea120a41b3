"""How far a long computation is: a bar with how many of how many, and about how long the rest takes."""

import time

import streamlit as st

from components.theme import amount, duration


class Progress:
    """A bar that is drawn where the page is at the first call; the time left is reckoned from then on.

    Parameters
    ----------
    noun : what is counted, one of it.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._place = st.empty()
        self._first: tuple[float, int] | None = None

    def __call__(self, done: int, of: int) -> None:
        """Show that ``done`` of ``of`` are done; a click on the page meanwhile ends the script here."""
        now = time.monotonic()
        began, before = self._first = self._first or (now, done)
        left = f", about {duration((now - began) / (done - before) * (of - done))} left" if done > before else ""
        self._place.progress(done / of, f"{done:,} of {amount(of, self._noun)}{left}")
