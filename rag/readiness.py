"""Getting ready in the background: loads the model and brings the index up to date, once a process.

A page starts it when somebody opens the companion, so that the first question rarely waits; the page shows how far
it is. The work runs in one thread whoever asks, so a reload or a second browser never starts it again.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

from rag import embedding, index, retrieve
from rag.graph.vectors import vectors
from rag.guardrails import red_flag
from settings import get_settings


@dataclass
class Readiness:
    """How far the preparation is; ``error`` is one sentence when it failed."""

    ready: bool = False
    done: int = 0
    total: int = 0
    error: str = ""


_states: dict[Path, Readiness] = {}
_lock = threading.Lock()


def prepare() -> Readiness:
    """Start the preparation unless it runs or is done; return its state, which keeps changing. Never waits."""
    home = get_settings().home
    with _lock:
        state = _states.get(home)
        if state is None or state.error:
            state = _states[home] = Readiness(ready=index.is_open())
            if not state.ready:
                threading.Thread(target=_work, args=(state,), name="companion", daemon=True).start()
        return state


def _work(state: Readiness) -> None:
    def progress(done: int, total: int) -> None:
        state.done, state.total = done, total

    try:
        embedding.load()
        retrieve.search("asthma", 1, index=index.open_index(progress))  # reads passages and counts words, once
        vectors()
        red_flag("asthma")  # reads the classifier and the words of other languages
        state.ready = True
    except Exception as error:  # whatever it is, the page must hear of it
        state.error = f"The companion could not get ready ({type(error).__name__}: {error})."
