"""What leaves this machine for a language model elsewhere: the question and earlier turns, without personal data."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.guardrails.injection import as_data
from rag.guardrails.privacy import Preview, without_personal_data

_TURNS = 3  # earlier questions that travel along
_LONGEST_TURN = 600  # characters of an earlier answer


@dataclass(frozen=True)
class Outgoing:
    """Question and earlier turns as they may leave this machine; never to be logged."""

    question: Preview
    history: tuple[tuple[Preview, Preview], ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """What kinds of personal data were taken out, such as "name"."""
        texts = [self.question, *(text for turn in self.history for text in turn)]
        return tuple(dict.fromkeys(entry.kind for text in texts for entry in text.taken))

    def restore(self, text: str) -> str:
        """Return ``text`` with the marks of the question replaced by what they stand for."""
        return self.question.restore(text)


def outgoing(question: str, history: Sequence[tuple[str, str]], *, private: bool = True) -> Outgoing:
    """Return what would be sent; with ``private`` unset, for a model on this machine, nothing is taken out."""

    def clean(text: str) -> Preview:
        return without_personal_data(text) if private else Preview(text, ())

    turns = [(clean(as_data(asked)), clean(as_data(_bare(said)))) for asked, said in history[-_TURNS:]]
    return Outgoing(clean(question), tuple(turns))


def _bare(answer: str) -> str:
    """Return an earlier answer without its numbers, which mean other sources by now."""
    return re.sub(r"\s*\[\d+\]", "", answer)[:_LONGEST_TURN]
