"""Find the passages that answer a question: vectors of sections and sentences, words (BM25), topic and intent.

Weights and floor were chosen on the half ``tune`` of tests/rag/questions.jsonl; ``python -m tests.rag.measure``
gives the figures on the half ``report``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np

from rag import embedding
from rag.article import SECTIONS, Passage
from rag.embedding import FloatArray
from rag.index import Index, open_index
from rag.intent import plain, sections_asked, thing_asked_about, topics_named

_CANDIDATES = 40
_STOP_WORDS = """
a about after all also always am an and any are as at bad be because been before being best both but by can could
did difference different do does doing done find for found from get gets getting give given go goes good got had has
have having he help helps her here him his how i if in into is it its just know let like long made make makes many
may me mean might more most much my no not now of often on one only or other our out over own people person she
should so some someone such take tell than that the their them then there these they thing this those to too up us
use used very was we what when where which while who why will with work works would you your
"""
_STOP = frozenset(_STOP_WORDS.split())


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
    """What a search gave: hits, best first, and whether the best is good enough to answer from."""

    question: str
    vector: FloatArray
    hits: tuple[Hit, ...]
    enough: bool


def search(question: str, count: int = 5, *, index: Index | None = None, weights: Weights = WEIGHTS) -> Found:
    """Return the ``count`` best passages for ``question``."""
    index = index or open_index()
    vector = embedding.embed([question])[0]
    signs = _signs(question, vector, index)
    ranked = sorted(((sign.score(weights), key) for key, sign in signs.items()), reverse=True)
    hits = tuple(Hit(index.passages[key], round(score, 4), signs[key].topic > 0) for score, key in ranked[:count])
    return Found(question, vector, hits, bool(hits) and hits[0].score >= weights.floor)


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


def _signs(question: str, vector: FloatArray, index: Index) -> dict[str, _Signs]:
    words = content_words(question)
    asked = {kind: sections_asked(question, kind) for kind in SECTIONS}
    near, near_sentences = index.nearest_passages(vector, _CANDIDATES), index.nearest_sentences(vector, _CANDIDATES)
    lexicon = _lexicon(index)
    lexical = lexicon.scores(words)
    named = topics_named(question, index.passages.values())
    longest = max(named.values(), default=0)
    of_topics = [key for key, passage in index.passages.items() if passage.article in named]
    best_words = sorted(lexical, key=lambda key: -lexical[key])[:_CANDIDATES]
    candidates = list(dict.fromkeys([*near, *near_sentences, *best_words, *of_topics]))
    similarity = index.vectors(candidates) @ vector
    unknown = lexicon.unknown_share(words)
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


def content_words(text: str) -> list[str]:
    """Return the words of ``text`` that carry meaning, cut to their stem."""
    return [_stem(word) for word in re.findall(r"[a-z0-9]+", plain(text).replace("'s", "")) if word not in _STOP]


def _stem(word: str) -> str:
    """Cut the commonest English endings, so that "wheezes" and "wheezing" meet; spelling tumor/tumour as one."""
    word = word.replace("aemi", "emi").replace("oes", "es").replace("our", "or")
    for ending in ("nesses", "ness", "ings", "ing", "ies", "ied", "ed", "es", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


_KIND_WORDS = frozenset(
    content_words(
        "symptoms signs sign symptom causes cause caused risk risks factors factor reasons tests test tested testing "
        "diagnose diagnosed diagnosis treat treated treatment treatments cure cured medicine therapy manage when see "
        "doctor doctors seek care emergency explain describe define overview meaning options common main typical early "
        "warning raises raise checked hereditary inherited genetic contagious catching dangerous serious fatal "
        "curable treatable prevent prevented prevention avoid spread happen happens start begin deal "
        "side effect effects result results mean purpose first aid"
    )
)


def own_words(question: str) -> set[str]:
    """Return the words of ``question`` that do more than ask for a kind of information, such as its symptoms."""
    return set(content_words(question)) - _KIND_WORDS


class _Lexicon:
    """BM25 over the passages (Lù, BM25S, 2024, https://arxiv.org/abs/2407.03618) and the words that they know."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        import bm25s

        self._ids = [passage.id for passage in passages]
        texts = [[passage.title] * 3 + [*passage.synonyms, passage.section, passage.text] for passage in passages]
        tokens = [content_words(" ".join(parts)) for parts in texts]
        self._known = {word for row in tokens for word in row}
        self._bm25: Any = bm25s.BM25()
        self._bm25.index(tokens, show_progress=False)

    def scores(self, words: list[str]) -> dict[str, float]:
        """Return passages that share words with the question; the best has 1."""
        words = [word for word in words if word in self._known]
        if not words:
            return {}
        found = self._bm25.get_scores(words)
        best = float(found.max())
        return {key: float(score) / best for key, score in zip(self._ids, found, strict=True) if score > 0}

    def unknown_share(self, words: list[str]) -> float:
        """Return the share of ``words`` that stand in no passage; 1 when there are no words."""
        return sum(word not in self._known for word in words) / len(words) if words else 1.0


def unknown_share(question: str, index: Index) -> float:
    """Return the share of the question's words that stand in no article."""
    return _lexicon(index).unknown_share(content_words(question))


@lru_cache(maxsize=2)
def _lexicon(index: Index) -> _Lexicon:
    return _Lexicon(list(index.passages.values()))
