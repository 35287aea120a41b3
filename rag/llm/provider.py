"""What every provider of answers is given and gives: the small interface between finding and showing.

Sources are found before; a provider only turns passages into statements, each backed by sentences of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.article import Passage, Sentence
from rag.index import Index
from rag.retrieve import Found


@dataclass(frozen=True)
class Backing:
    """A sentence of a passage that a statement rests on; ``place`` counts from 0."""

    passage: Passage
    place: int
    score: float

    @property
    def sentence(self) -> Sentence:
        """The sentence itself, with its links."""
        return self.passage.sentences[self.place]


@dataclass(frozen=True)
class Statement:
    """One sentence of an answer and what it rests on, the nearest first."""

    text: str
    backing: tuple[Backing, ...]

    @classmethod
    def verbatim(cls, passage: Passage, sentence: Sentence, score: float) -> "Statement":
        """Return ``sentence`` of ``passage`` as a statement, word for word."""
        return cls(sentence.text, (Backing(passage, passage.sentences.index(sentence), score),))

    @property
    def passage(self) -> Passage:
        """The passage that it rests on most."""
        return self.backing[0].passage


@dataclass(frozen=True)
class Removed:
    """A sentence that a model wrote and that is not shown; ``reason`` holds no word of it."""

    reason: str


@dataclass(frozen=True)
class Again:
    """What was said so far does not count: the model begins anew. ``reason`` is one sentence."""

    reason: str


@dataclass(frozen=True)
class Spent:
    """Tokens that an attempt used, in and out; counted by the model or, when it did not say, estimated."""

    tokens: int


@dataclass(frozen=True)
class NoAnswer:
    """The model finds that the passages do not answer the question."""


@dataclass(frozen=True)
class Shortened:
    """What was said counts, though the model did not come to its end; ``reason`` is one sentence."""

    reason: str


Told = Statement | Removed | Again | Spent | NoAnswer | Shortened


@dataclass(frozen=True)
class Material:
    """What an answer is worded from.

    ``facts`` of the graph stand beside the passages and may be empty; ``history`` holds earlier questions and answers.
    ``stopped`` says whether nobody waits for the answer any more.
    """

    question: str
    found: Found
    index: Index
    facts: Passage
    history: tuple[tuple[str, str], ...] = ()
    stopped: Callable[[], bool] = bool


@dataclass(frozen=True)
class Translated:
    """Texts in another language or in other words, in their order, and the tokens that it took."""

    texts: tuple[str, ...]
    tokens: int


class Failure(Exception):
    """A provider could not answer; the message is one sentence for the person, without a word of the talk or a key."""


class Provider(Protocol):
    """Turns what was found into statements; each of them must rest on one of the found passages."""

    @property
    def name(self) -> str:
        """Name as shown below the answer."""
        ...

    @property
    def place(self) -> str:
        """Who sees the question besides this machine; empty for nobody."""
        ...

    @property
    def verbatim(self) -> bool:
        """Whether every sentence stands in a source word for word."""
        ...

    def word(self, material: Material) -> Iterator[Told]:
        """Yield the statements of the answer in reading order, as they come; raises Failure."""
        ...

    @property
    def translates(self) -> bool:
        """Whether it can put a text into another language."""
        ...

    def translate(self, texts: Sequence[str], language: str) -> Translated:
        """Return ``texts`` in ``language``, each as one text; raises Failure."""
        ...

    def reword(self, sentence: str) -> Translated:
        """Return ``sentence`` of a run's log in plainer words, with the same numbers and marks; raises Failure."""
        ...
