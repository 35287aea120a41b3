"""Who words an answer: the small interface that every provider fulfils, and the choice among them.

Sources are found before and citations are checked after; a provider only turns passages into statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.article import Passage, Sentence
from rag.index import Index
from rag.retrieve import Found
from settings import get_settings


@dataclass(frozen=True)
class Statement:
    """One sentence of an answer and the passage that it rests on."""

    passage: Passage
    sentence: Sentence
    score: float


class Provider(Protocol):
    """Turns what was found into statements; each of them must rest on one of the found passages."""

    name: str

    def word(self, found: Found, index: Index, facts: Passage) -> Sequence[Statement]:
        """Return the statements of the answer, in reading order; ``facts`` of the graph stand beside the passages."""
        ...


def choose_provider() -> Provider:
    """Return the provider in use: verbatim sentences from the sources."""
    from rag.llm.extractive import Extractive

    return Extractive()


def provider_notice() -> str:
    """Return a sentence for the settings line when the settings ask for more than there is, else an empty text."""
    if (key := get_settings().groq_api_key) and key.get_secret_value().strip():
        return "A Groq key is set, but Groq is not connected in this version: answers stay extractive."
    return ""
