"""How much of what a language model wrote is backed by passages, sentence by sentence. Backed does not mean true."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.article import Passage, Sentence
from rag.guardrails.injection import sentences
from rag.guardrails.support import Support

if TYPE_CHECKING:
    from rag.index import Index


@dataclass(frozen=True)
class Backed:
    """So many of ``sentences`` are backed."""

    backed: int
    sentences: int

    @property
    def part(self) -> float:
        """0 to 1; NaN for a text without a sentence."""
        return self.backed / self.sentences if self.sentences else float("nan")


def backed_by(passages: Sequence[Passage], index: "Index | None", text: str) -> Backed:
    """Return how many sentences of ``text`` a passage backs, as the companion judges it."""
    judge, said = Support(passages, index), [each for each in sentences(text) if each.strip()]
    return Backed(sum(bool(judge.judge(each).backing) for each in said), len(said))


def backed_by_reference(question: str, reference: str, text: str) -> Backed:
    """Return how many sentences of ``text`` the ``reference`` answer to ``question`` backs."""
    lines = tuple(Sentence(each, ()) for each in sentences(reference) if each.strip())
    return backed_by([Passage("reference", "answer", question, "Answer", (), lines)], None, text)
