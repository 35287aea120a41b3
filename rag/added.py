"""Weigh passages of records and documents that people added: MedQuAD, guidelines, pages.

Weights were chosen on one half of MedQuAD's questions and measured on the other, as docs/retrieval.md says.
"""

from dataclasses import dataclass, fields

import numpy as np

from rag.article import Passage
from rag.embedding import FloatArray
from rag.index import Index
from rag.lexicon import Lexicon, content_words, own_words
from rag.record_intent import record_sections_asked
from rag.sources.records import KIND as RECORD

_CANDIDATES = 60
_NAMED = 400  # passages of named documents that are looked at; a wide name such as "cancer" has many


@dataclass(frozen=True)
class AddedWeights:
    """How much each sign counts in the order of passages."""

    passage: float = 1.0  # similarity of the question with the passage
    words: float = 0.3  # BM25, 0 to 1
    topic: float = 0.3  # the question names the topic
    intent: float = 0.15  # the question asks for this section


@dataclass(frozen=True)
class Confidence:
    """Whether the best passage answers: a logistic regression on answerable and unanswerable questions.

    ``value`` is 0 where an answer is as good as none; the weights are those of the regression, ``bias`` less the
    threshold.
    """

    passage: float = 10.3  # similarity of the question with the passage
    unknown: float = -1.75  # share of the question's words that no passage has
    covered: float = 0.5  # part of the question's own words that the passage has, rare ones counting more
    in_title: float = 4.2  # part of them that its title or its other names have
    named: float = 0.75  # the question names the topic of a record
    unnamed: float = -1.6  # it does not: then a record on something else is often the nearest
    bias: float = -8.1

    def value(self, question: str, passage: Passage, similarity: float, lexicon: Lexicon, *, named: bool) -> float:
        """Return the log-odds that ``passage`` answers ``question``."""
        own = own_words(question)
        title = set(content_words(" ".join((passage.title, *passage.synonyms))))
        return (
            self.bias
            + self.passage * similarity
            + self.unknown * lexicon.unknown_share(content_words(question))
            + self.covered * lexicon.share(own, title | set(content_words(passage.text)))
            + self.in_title * lexicon.share(own, title)
            + (passage.kind == RECORD) * (self.named if named else self.unnamed)
        )


WEIGHTS = AddedWeights()
CONFIDENCE = Confidence()
_SCALE = 0.08  # of log-odds in the scores of articles, which win where both know


@dataclass(frozen=True)
class Signs:
    """What speaks for a passage; the fields are those of ``AddedWeights``."""

    passage: float
    words: float
    topic: float
    intent: float

    def score(self, weights: AddedWeights) -> float:
        """Return the weighted sum."""
        return float(sum(getattr(self, field.name) * getattr(weights, field.name) for field in fields(self)))


def score_added(
    question: str, vector: FloatArray, index: Index, floor: float, source: str | None
) -> dict[str, tuple[float, bool]]:
    """Return the score of each candidate, and whether the question names its topic.

    Parameters
    ----------
    question, vector : as it is asked, and its embedding.
    index : where to look.
    floor : score of a passage that is just good enough to answer from.
    source : the file whose passages alone count; None for all.
    """
    signs = signs_of(question, vector, index, source)
    if not signs:
        return {}
    scores = {key: sign.score(WEIGHTS) for key, sign in signs.items()}
    best = max(scores, key=lambda key: scores[key])
    sign, named = signs[best].passage, signs[best].topic > 0
    sure = CONFIDENCE.value(question, index.passages[best], sign, index.added.lexicon, named=named)
    top = floor + _SCALE * sure
    return {key: (top + score - scores[best], signs[key].topic > 0) for key, score in scores.items()}


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
        )
    return found
