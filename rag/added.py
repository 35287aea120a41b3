"""Weigh passages of records and documents that people added: MedQuAD, guidelines, pages.

Weights and floor were chosen on the development half of MedQuAD's questions and reported on the other, as
docs/retrieval.md says; ``python -m benchmarks rag`` measures them.
"""

from dataclasses import dataclass, fields

import numpy as np

from rag.embedding import FloatArray
from rag.index import Index
from rag.lexicon import content_words
from rag.record_intent import record_sections_asked

_CANDIDATES = 60
_NAMED = 400  # passages of named documents that are looked at; a wide name such as "cancer" has many


@dataclass(frozen=True)
class AddedWeights:
    """How much each sign counts, and the floor below which there is no answer."""

    passage: float = 1.0  # similarity of the question with the passage
    words: float = 0.3  # BM25, 0 to 1
    topic: float = 0.3  # the question names the topic
    intent: float = 0.15  # the question asks for this section
    unknown: float = -0.2  # share of the question's words that no passage has
    foreign: float = -0.1  # the question names no topic
    floor: float = 0.9


@dataclass(frozen=True)
class Signs:
    """What speaks for a passage; the fields are those of ``AddedWeights``."""

    passage: float
    words: float
    topic: float
    intent: float
    unknown: float
    foreign: float

    def score(self, weights: AddedWeights) -> float:
        """Return the weighted sum."""
        return float(sum(getattr(self, field.name) * getattr(weights, field.name) for field in fields(self)))


def score_added(
    question: str, vector: FloatArray, index: Index, weights: AddedWeights, source: str | None
) -> dict[str, tuple[float, bool]]:
    """Return the score of each candidate, and whether the question names its topic; ``source`` keeps one file's."""
    signs = signs_of(question, vector, index, source)
    return {key: (sign.score(weights), sign.topic > 0) for key, sign in signs.items()}


def signs_of(question: str, vector: FloatArray, index: Index, source: str | None = None) -> dict[str, Signs]:
    """Return what speaks for each passage that comes into question: near by meaning, by words, or named."""
    part = index.added
    if not part.ids:
        return {}
    names = part.topics.names_in(question)
    named = part.topics.named(question)
    longest = max(named.values(), default=0)
    asked = record_sections_asked(question, names)
    words = content_words(question)
    lexical = part.lexicon.scores(words, _CANDIDATES)
    cosine = part.similarity(vector)
    near = np.argpartition(-cosine, min(_CANDIDATES, len(cosine)) - 1)[:_CANDIDATES]
    best_named = sorted((document for document in named), key=lambda document: -named[document])
    of_named = [place for document in best_named for place in part.places_of(document)][:_NAMED]
    candidates = dict.fromkeys([*near.tolist(), *(part.place(key) for key in lexical), *of_named])
    unknown = part.lexicon.unknown_share(words)
    found: dict[str, Signs] = {}
    for place in candidates:
        key = part.ids[place]
        passage = index.passages[key]
        if source and passage.source != source:
            continue
        found[key] = Signs(
            passage=float(cosine[place]),
            words=lexical.get(key, 0.0),
            topic=named.get(passage.article, 0) / longest if longest else 0.0,
            intent=0.0 if passage.section not in asked else 1.0 if passage.section == asked[0] else 0.5,
            unknown=unknown,
            foreign=float(not named),
        )
    return found
