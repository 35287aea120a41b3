"""Find the passages that answer a question: vectors of sections and sentences, words (BM25), topic and intent.

Articles in the form of ours are weighed with ``WEIGHTS``, chosen on the half ``tune`` of tests/rag/questions.jsonl;
``python -m tests.rag.measure`` gives the figures on the half ``report``. Records and documents that were added are
weighed by ``rag/added.py``. Both scores say the same: from ``Weights.floor`` on, a passage is good enough to answer.
"""

from collections import Counter
from dataclasses import dataclass, fields

import numpy as np

from rag import embedding
from rag.added import score_added
from rag.article import SECTIONS, Passage
from rag.embedding import FloatArray
from rag.index import Index, open_index
from rag.intent import sections_asked, thing_asked_about
from rag.lexicon import content_words as content_words
from rag.lexicon import own_words as own_words

_CANDIDATES = 40
_SECTIONS = 2  # of one article among the hits, where there are other sources


@dataclass(frozen=True)
class Weights:
    """How much each sign counts in the score of a passage, and the floor below which there is no answer."""

    section: float = 0.5  # similarity of the question with the whole section
    sentence: float = 0.5  # with its best sentence
    words: float = 0.1  # BM25, 0 to 1
    topic: float = 0.15  # the question names the topic
    intent: float = 0.1  # the question asks for this section
    unknown: float = -0.2  # share of the question's words that no article has
    foreign: float = -0.3  # the question asks about an illness that is no topic here
    beside: float = -0.1  # a test, a drug class or first aid that the question does not name
    floor: float = 0.59


WEIGHTS = Weights()


@dataclass(frozen=True)
class Hit:
    """A passage with its score; ``named`` says whether the question names its topic."""

    passage: Passage
    score: float
    named: bool


@dataclass(frozen=True)
class Found:
    """What a search gave: hits, best first, and whether the best is good enough to answer from.

    ``question`` is as it was read, misspelt words put right.
    """

    question: str
    vector: FloatArray
    hits: tuple[Hit, ...]
    enough: bool


def search(
    question: str, count: int = 5, *, index: Index | None = None, weights: Weights = WEIGHTS, source: str | None = None
) -> Found:
    """Return the ``count`` best passages for ``question``, one of each record.

    Parameters
    ----------
    question : as somebody asks it.
    count : passages to return.
    index : where to look; the one of this installation when none is given.
    weights : of the signs that speak for an article's passage.
    source : look only at what this file added; an empty text means only at articles.
    """
    index = index or open_index()
    question = index.spelling.read(question).text
    vector = embedding.embed([question])[0]
    scored: dict[str, tuple[float, bool]] = {}
    if not source:
        scored.update(_score_articles(question, vector, index, weights))
    if source != "":
        scored.update(score_added(question, vector, index, weights.floor, source))
    hits: list[Hit] = []
    told: Counter[str] = Counter()
    sections = _SECTIONS if index.added.ids else count  # so that no article keeps all others out
    for key in sorted(scored, key=lambda key: (-scored[key][0], key)):
        passage = index.passages[key]
        if told[passage.article] >= (1 if passage.part else sections):  # of a record, its best passage stands for it
            continue
        told[passage.article] += 1
        score, named = scored[key]
        hits.append(Hit(passage, round(score, 4), named))
        if len(hits) == count:
            break
    return Found(question, vector, tuple(hits), bool(hits) and hits[0].score >= weights.floor)


@dataclass(frozen=True)
class _Signs:
    """What speaks for a passage; the fields are those of Weights."""

    section: float
    sentence: float
    words: float
    topic: float
    intent: float
    unknown: float
    foreign: float
    beside: float

    def score(self, weights: Weights) -> float:
        """Return the weighted sum."""
        return float(sum(getattr(self, field.name) * getattr(weights, field.name) for field in fields(self)))


def _score_articles(question: str, vector: FloatArray, index: Index, weights: Weights) -> dict[str, tuple[float, bool]]:
    signs = _signs(question, vector, index)
    return {key: (sign.score(weights), sign.topic > 0) for key, sign in signs.items()}


def _signs(question: str, vector: FloatArray, index: Index) -> dict[str, _Signs]:
    articles = index.articles
    words = content_words(question)
    asked = {kind: sections_asked(question, kind) for kind in SECTIONS}
    near, near_sentences = articles.nearest(vector, _CANDIDATES), index.nearest_sentences(vector, _CANDIDATES)
    lexical = articles.lexicon.scores(words, len(articles.ids))
    named = articles.topics.named(question)
    longest = max(named.values(), default=0)
    of_topics = [key for key in articles.ids if index.passages[key].article in named]
    best_words = sorted(lexical, key=lambda key: -lexical[key])[:_CANDIDATES]
    candidates = list(dict.fromkeys([*near, *near_sentences, *best_words, *of_topics]))
    similarity = articles.vectors(candidates) @ vector
    unknown = articles.lexicon.unknown_share(words)
    foreign = float(bool(thing_asked_about(question)) and not named)
    signs = {}
    for key, cosine in zip(candidates, similarity, strict=True):
        passage = index.passages[key]
        best = near_sentences.get(key)
        if best is None:
            best = (
                float(np.max(index.sentence_vectors(passage) @ vector)) if passage.article in named else float(cosine)
            )
        signs[key] = _Signs(
            section=float(cosine),
            sentence=best,
            words=lexical.get(key, 0.0),
            topic=named.get(passage.article, 0) / longest if longest else 0.0,
            intent=_intent(passage.section, asked[passage.kind]),
            unknown=unknown,
            foreign=foreign,
            beside=float(passage.kind != "condition" and passage.article not in named),
        )
    return signs


def _intent(section: str, asked: tuple[str, ...]) -> float:
    return 0.0 if section not in asked else 1.0 if section == asked[0] else 0.5


def unknown_share(question: str, index: Index) -> float:
    """Return the share of the question's words that stand in no source."""
    words = content_words(question)
    return min(index.articles.lexicon.unknown_share(words), index.added.lexicon.unknown_share(words))
