"""From statements to what is shown: sentences with numbers, and the sources that the numbers stand for."""

from dataclasses import dataclass, field

from rag.article import Link
from rag.llm.provider import Backing, Statement


@dataclass(frozen=True)
class Source:
    """What an ``[n]`` of an answer stands for: a public page, and the passage with the sentences that cite it."""

    number: int
    title: str
    url: str
    topic: str
    section: str
    passage: tuple[str, ...]  # all sentences of the section
    cited: tuple[int, ...]  # which of them the answer uses with this source
    score: float


Line = tuple[str, tuple[int, ...]]  # a sentence and the numbers of its sources
Paragraphs = tuple[tuple[Line, ...], ...]


@dataclass
class Citations:
    """Numbers sources as statements come; a page and the passage that cites it share a number, which never changes."""

    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _first: dict[int, tuple[Link, Backing]] = field(default_factory=dict)
    _cited: dict[int, set[int]] = field(default_factory=dict)

    def line(self, statement: Statement) -> Line:
        """Return the sentence of ``statement`` with its numbers."""
        marks = set()
        for backing in statement.backing:
            for link in backing.sentence.links:
                number = self._numbers.setdefault((link.url, backing.passage.id), len(self._numbers) + 1)
                self._first.setdefault(number, (link, backing))
                self._cited.setdefault(number, set()).add(backing.place)
                marks.add(number)
        return statement.text, tuple(sorted(marks))

    def sources(self) -> tuple[Source, ...]:
        """Return the sources numbered so far."""
        return tuple(
            Source(
                number,
                link.title,
                link.url,
                backing.passage.title,
                backing.passage.section,
                tuple(sentence.text for sentence in backing.passage.sentences),
                tuple(sorted(self._cited[number])),
                round(backing.score, 3),
            )
            for number, (link, backing) in self._first.items()
        )


def as_text(paragraphs: Paragraphs) -> str:
    """Return paragraphs as one text with ``[n]`` behind each sentence."""
    return "\n\n".join(
        " ".join(text + "".join(f" [{n}]" for n in marks) for text, marks in lines) for lines in paragraphs
    )
