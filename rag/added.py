"""Weigh passages of records and documents that people added: MedQuAD, guidelines, pages.

Weights were chosen on one half of MedQuAD's questions and on questions in lay words, and measured on others, as
docs/retrieval.md says.
"""

from dataclasses import dataclass, fields

import numpy as np

from rag.embedding import FloatArray
from rag.index import Index
from rag.intent import letters
from rag.lexicon import content_words, own_words
from rag.record_intent import record_sections_asked
from rag.sources.records import KIND as RECORD

_CANDIDATES = 60
_FIRST = 5  # records that are asked whether they agree
_OTHERS = 10  # topics beside that of the best passage
_FAR = 0.27  # similarity of a question with such a topic at least, so that nothing stands out in a small library
_NAMED = 400  # passages of named documents that are looked at; a wide name such as "cancer" has many


@dataclass(frozen=True)
class AddedWeights:
    """How much each sign counts in the order of passages."""

    passage: float = 1.0  # similarity of the question with the passage
    words: float = 0.3  # BM25, 0 to 1
    topic: float = 0.3  # the question names the topic
    intent: float = 0.15  # the question asks for this section


@dataclass(frozen=True)
class Evidence:
    """What speaks for it that the best passage answers; the fields are those of ``Confidence``."""

    unknown: float  # share of the question's words that no passage has
    in_title: float  # part of the question's own words that its title or other names have, rare ones counting more
    named: float  # 1 where the question names its topic; titles of documents are seldom asked for by name: a half
    agreed: float  # share of the five best passages, each of another record, that are on its topic
    lead: float  # how much nearer its topic is than the tenth other one; of an absent topic, many are equally near


@dataclass(frozen=True)
class Confidence:
    """Whether the best passage answers: a logistic regression on answerable and unanswerable questions.

    ``value`` is 0 where an answer is as good as none; the weights are those of the regression, ``bias`` less the
    threshold. ``python -m tests.rag.fit_confidence`` in the repository gives them.
    """

    unknown: float = -2.00
    in_title: float = 0.82
    named: float = 1.56
    agreed: float = 1.15
    lead: float = 13.50
    bias: float = -3.67

    def value(self, evidence: Evidence) -> float:
        """Return the log-odds that the best passage answers."""
        signs = (getattr(self, field.name) * getattr(evidence, field.name) for field in fields(evidence))
        return self.bias + float(sum(signs))


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
    top = floor + _SCALE * CONFIDENCE.value(evidence_of(question, index, signs))
    return {key: (top + score - scores[best], signs[key].topic > 0) for key, score in scores.items()}


def evidence_of(question: str, index: Index, signs: dict[str, Signs]) -> Evidence:
    """Return what speaks for it that the best of ``signs`` answers ``question``."""
    order = [index.passages[key] for key in sorted(signs, key=lambda key: (-signs[key].score(WEIGHTS), key))]
    best = order[0]
    topic = {passage.id: letters(passage.title) for passage in order}
    records: dict[str, str] = {}
    nearest: dict[str, float] = {}
    for passage in order:
        subject = topic[passage.id]
        records.setdefault(passage.article, subject)
        nearest[subject] = max(nearest.get(subject, -1.0), signs[passage.id].passage)
    five = list(records.values())[:_FIRST]
    others = sorted((value for subject, value in nearest.items() if subject != five[0]), reverse=True)
    lexicon = index.added.lexicon
    title = set(content_words(" ".join((best.title, *best.synonyms))))
    return Evidence(
        unknown=lexicon.unknown_share(content_words(question)),
        in_title=lexicon.share(own_words(question), title),
        named=1.0 if signs[best.id].topic > 0 else 0.0 if best.kind == RECORD else 0.5,
        agreed=five.count(five[0]) / _FIRST,
        lead=nearest[five[0]] - max([_FAR, *others[_OTHERS - 1 : _OTHERS]]),
    )


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
