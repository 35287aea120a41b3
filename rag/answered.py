"""An answer as it is shown and kept."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from rag.article import Link
from rag.citations import Paragraphs, Source
from rag.graph import Fact
from rag.guardrails import RedFlag

DISCLAIMER = "General information, not medical advice, not for clinical use. In an emergency, call 112, 999 or 911."


@dataclass(frozen=True)
class HiveResult:
    """What a model of the hive said of an attached picture; the companion explains it, and had no part in it.

    ``version`` is empty when no model answered; ``lines`` then say why. ``explained`` is the question that the
    companion answers from its sources beside it.
    """

    title: str
    lines: tuple[str, ...]
    version: str = ""
    explained: str = ""


@dataclass(frozen=True)
class Answer:
    """An answer as it is shown and kept. ``paragraphs`` hold sentences, each with the numbers of its sources."""

    text: str
    paragraphs: Paragraphs = ()
    sources: tuple[Source, ...] = ()
    provider: str = ""
    verbatim: bool = True  # every sentence stands in its source word for word
    seconds: float = 0.0
    tokens: int = 0  # of a language model, in and out, all attempts
    removed: int = 0  # sentences of a language model that are not shown, since no passage backs them
    sent: str = ""  # the question as it left this machine; empty when it did not
    abstained: bool = False
    red_flag: RedFlag | None = None
    disclaimer: str = DISCLAIMER
    notice: str = ""
    topic: str = ""
    follow_ups: tuple[str, ...] = field(default=())
    facts: tuple[Fact, ...] = field(default=())  # of the knowledge graph, for the picture beside the answer
    results: tuple[HiveResult, ...] = field(default=())  # of models of the hive, for a picture that was attached
    lead: str = ""  # how the question was read, or a sentence in its language; ``text`` begins with it
    language: str = ""  # into which the sentences were translated, such as "German"
    original: Paragraphs = ()  # the English sentences that were checked and then translated

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Answer":
        """Rebuild an answer from ``to_json`` (tuples may have become lists)."""
        flag = stored.get("red_flag")
        sources = [
            Source(**{**entry, "passage": tuple(entry["passage"]), "cited": tuple(entry["cited"])})
            for entry in stored.get("sources", [])
        ]
        return cls(
            **{
                **stored,
                "paragraphs": _paragraphs(stored.get("paragraphs", ())),
                "original": _paragraphs(stored.get("original", ())),
                "sources": tuple(sources),
                "red_flag": RedFlag(**{**flag, "link": Link(**flag["link"])}) if flag else None,
                "follow_ups": tuple(stored.get("follow_ups", ())),
                "results": tuple(
                    HiveResult(entry["title"], tuple(entry["lines"]), entry["version"], entry.get("explained", ""))
                    for entry in stored.get("results", ())
                ),
                "facts": tuple(Fact(**{**fact, "source": Link(**fact["source"])}) for fact in stored.get("facts", ())),
            }
        )


def _paragraphs(stored: Iterable[Any]) -> Paragraphs:
    return tuple(tuple((text, tuple(numbers)) for text, numbers in lines) for lines in stored)
