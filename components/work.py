"""Something long that is computed in a thread of its own: the page stays alive, says how far it is, and can stop it."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import streamlit as st

from components.theme import amount, duration

THREAD = "work of a page"
Given = TypeVar("Given")
Check = Callable[[int, int], None]


class Unable(Exception):
    """It cannot be done; the message is a sentence for the person who waits."""


class _Stopped(Exception):
    """Somebody stopped it."""


class Work(Generic[Given]):
    """One computation on its way.

    ``given`` is what it gave, None where it ended early; ``error`` then says why, empty when somebody stopped it. Both
    are final once ``ended`` is set.

    Parameters
    ----------
    do : computes it; calls its argument now and then with how many of how many are done, which ends it when stopped.
        May raise Unable.
    """

    def __init__(self, do: Callable[[Check], Given]) -> None:
        self.given: Given | None = None
        self.error = ""
        self.ended = threading.Event()
        self.stopping = threading.Event()
        self._marks: list[tuple[float, int]] = []  # when how many were done: at the first call, and at the last
        self._of = 0
        threading.Thread(target=self._run, args=(do,), name=THREAD, daemon=True).start()

    def stop(self) -> None:
        """End it at the next step."""
        self.stopping.set()

    def _run(self, do: Callable[[Check], Given]) -> None:
        try:
            self.given = do(self._check)
        except _Stopped:
            pass
        except Unable as error:
            self.error = str(error)
        except Exception as error:  # the page says it
            self.error = f"It ended with an unexpected {type(error).__name__}."
        finally:
            self.ended.set()

    def _check(self, done: int, of: int) -> None:
        self._of = of
        self._marks = [*self._marks[:1], (time.monotonic(), done)]
        if self.stopping.is_set():
            raise _Stopped

    def how_far(self, noun: str) -> tuple[float, str]:
        """Return the part that is done, 0 to 1, and in words how many of how many and about how long the rest takes."""
        if not self._marks:
            return 0.0, "Getting ready"
        (began, before), (now, done) = self._marks[0], self._marks[-1]
        left = f", about {duration((now - began) / (done - before) * (self._of - done))} left" if done > before else ""
        return done / self._of, f"{done:,} of {amount(self._of, noun)}{left}"


@st.fragment(run_every=1.0)
def watch(work: Work[Given], noun: str, *, key: str) -> None:
    """Draw how far it is, with a way to stop it, and the whole page anew once it has ended.

    Parameters
    ----------
    noun : what is counted, one of it.
    """
    if work.ended.is_set():
        st.rerun()
    part, words = work.how_far(noun)
    st.progress(part, "Stopping" if work.stopping.is_set() else words)
    st.button(
        "Stop", icon=":material/stop_circle:", key=f"{key}_stop", on_click=work.stop, disabled=work.stopping.is_set()
    )
