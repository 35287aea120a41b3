"""Whether a passage backs a sentence that a language model wrote: by meaning, words, names, numbers and negation.

Weights were chosen on the half ``tune`` of tests/rag/support.jsonl; ``python -m benchmarks rag`` gives the figures on
the half ``report``. No language model takes part: the same sentence is always judged alike.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag import embedding
from rag.article import Passage
from rag.embedding import FloatArray
from rag.graph.link import nodes_named
from rag.guardrails.injection import as_data
from rag.index import Index
from rag.llm.provider import Backing
from rag.retrieve import content_words

_MOST_LINES = 3  # sentences of passages that one written sentence may join
_NEW_WORDS = 2  # words a further line must bring
_WORDS_FOR_NUMBERS = "two three four five six seven eight nine ten eleven twelve"
_SMALL = {word: number for number, word in enumerate(_WORDS_FOR_NUMBERS.split(), 2)}
_NEGATIONS_WRITTEN = """
not no never cannot without nor neither none nobody nothing hardly rarely seldom unlikely isn't aren't don't doesn't
didn't won't can't couldn't shouldn't mustn't wasn't weren't wouldn't unable avoid avoids
"""
_NEGATIONS = frozenset(_NEGATIONS_WRITTEN.split())
_ABSOLUTE = re.compile(
    r"\b(always|every|everyone|everybody|all|never|completely|fully|guarantee\w*|certainly|definitely|surely|must"
    r"|only|immediately|permanent\w*|cures?|cured|best|safest|proven|100)\b"
)


def _stem_of(word: str) -> str:
    return next(iter(content_words(word)), word)


_OPPOSITES_WRITTEN = """
raise/lower increase/decrease increase/reduce high/low higher/lower more/less more/fewer worse/better worsen/improve
safe/unsafe safe/dangerous common/rare benign/malignant benign/cancerous start/stop begin/stop widen/narrow open/narrow
open/close relax/tighten fast/slow faster/slower warm/cold hot/cold hotter/colder above/below left/right upper/lower
mild/severe good/bad sudden/gradual suddenly/slowly suddenly/gradually
short/long male/female men/women man/woman children/adults child/adult
young/old younger/older before/after overactive/underactive thicker/thinner gain/loss early/late empty/full dry/wet
day/night acute/chronic viral/bacterial viruses/bacteria virus/bacteria strong/weak strengthen/weaken
"""
_OPPOSITES = [frozenset(map(_stem_of, pair.split("/"))) for pair in _OPPOSITES_WRITTEN.split()]
_CLAUSE = re.compile(r"[,;:]|\b(?:but|although|though|while|whereas|because|and|which|who|so)\b")


@dataclass(frozen=True)
class Weights:
    """What counts: ``meaning`` and ``words`` are summed and must reach ``floor``; ``least`` is needed of words."""

    meaning: float = 0.5
    words: float = 0.5
    floor: float = 0.66
    least: float = 0.45


WEIGHTS = Weights()


@dataclass(frozen=True)
class Judgement:
    """What a sentence rests on, the nearest first; empty with a reason when nothing backs it. No word of it here."""

    backing: tuple[Backing, ...] = ()
    reason: str = ""


class _Line:
    """A sentence of a passage, taken apart."""

    def __init__(self, passage: Passage, place: int, vector: FloatArray) -> None:
        self.passage, self.place, self.vector = passage, place, vector
        self.text = passage.sentences[place].text
        self.words = set(content_words(self.text))
        self.numbers = _numbers(self.text)


class Support:
    """Judges sentences against passages; ``index`` holds the vectors of those that it knows."""

    def __init__(self, passages: Sequence[Passage], index: Index | None, weights: Weights = WEIGHTS) -> None:
        self._weights = weights
        self._lines = [
            [
                _Line(passage, place, vector)
                for place, vector in enumerate(_vectors(passage, index))
                if as_data(text := passage.sentences[place].text) == text  # an order backs nothing
            ]
            for passage in passages
        ]
        self._names = [
            (passage, set(content_words(" ".join((passage.title, passage.section, *passage.synonyms)))))
            for passage in passages
        ]

    def judge(self, sentence: str, cited: Sequence[int] = ()) -> Judgement:
        """Judge ``sentence``, first against the passages it cites (places from 0), then against all."""
        everything = range(len(self._lines))
        own = set(content_words(sentence))
        if not own:
            return Judgement(reason="a sentence that says nothing")
        last = Judgement(reason="a sentence that no passage supports")
        vectors: dict[str, FloatArray] = {}
        for places in (cited, everything) if cited else (everything,):
            last = self._against(sentence, own, places, vectors)
            if last.backing:
                return last
        return last

    def _against(
        self, sentence: str, own: set[str], places: Sequence[int], vectors: dict[str, FloatArray]
    ) -> Judgement:
        lines = [line for place in places for line in self._lines[place]]
        names = {passage.id: words for place in places for passage, words in [self._names[place]]}
        w = self._weights
        held = {id(line): len(own & (line.words | names[line.passage.id])) / len(own) for line in lines}
        if not lines or max(held.values()) < w.least / _MOST_LINES:
            return Judgement(reason="a sentence that no passage supports")

        def near(line: _Line) -> float:
            title = line.passage.title
            if title not in vectors:
                vectors[title] = embedding.embed([f"{title}: {sentence}"])[0]
            return float(vectors[title] @ line.vector)

        score = {id(line): w.meaning * near(line) + w.words * held[id(line)] for line in lines}
        chosen = [max(lines, key=lambda line: score[id(line)])]
        known = chosen[0].words | names[chosen[0].passage.id]
        while len(chosen) < _MOST_LINES:
            rest = [line for line in lines if line not in chosen]
            best = max(rest, key=lambda line: (len((own - known) & line.words), score[id(line)]), default=None)
            if best is None or len((own - known) & best.words) < _NEW_WORDS:
                break
            chosen.append(best)
            known |= best.words | names[best.passage.id]
        words = len(own & known) / len(own)
        value = w.meaning * near(chosen[0]) + w.words * words
        if words < w.least or value < w.floor:
            return Judgement(reason="a sentence that no passage supports")
        if reason := _contradiction(sentence, chosen, lines):
            return Judgement(reason=reason)
        return Judgement(tuple(Backing(line.passage, line.place, round(value, 3)) for line in chosen))


def _contradiction(sentence: str, chosen: Sequence[_Line], beside: Sequence[_Line]) -> str:
    """Return why a sentence near to its lines still says something else, or an empty text; ``beside`` are all lines."""
    together = " ".join(line.text for line in chosen)
    passages = {line.passage.id: line.passage for line in beside}.values()
    named = " ".join([*(". ".join((p.title, *p.synonyms)) for p in passages), *(line.text for line in beside)])
    if not _numbers(sentence) <= set().union(*(line.numbers for line in chosen)):
        return "a sentence with a number that its passage does not have"
    if not set(nodes_named(sentence)) <= set(nodes_named(named)):
        return "a sentence that names what its passage does not"
    if not set(_ABSOLUTE.findall(sentence.lower())) <= set(_ABSOLUTE.findall(together.lower())):
        return "a sentence that claims more than its passage"
    if _turned_round(sentence, chosen) or _negated_otherwise(sentence, chosen):
        return "a sentence that says the opposite of its passage"
    return ""


def _turned_round(sentence: str, chosen: Sequence[_Line]) -> bool:
    """Whether a clause says the opposite of the line that it is nearest to: of joined lines each has its own clause."""
    for clause in _clauses(sentence):
        own = set(content_words(clause))
        nearest = max(chosen, key=lambda line: len(own & line.words))
        if own and _opposite(_every_word(clause), _every_word(nearest.text)):
            return True
    return False


def _opposite(said: set[str], held: set[str]) -> bool:
    """Whether one word of a pair of opposites is said where the other one is held."""
    if any(f"un{word}" in held - said for word in said - held) or any(
        f"un{word}" in said - held for word in held - said
    ):
        return True
    return any(said & pair and held & pair and not said & held & pair for pair in _OPPOSITES)


def _negated_otherwise(sentence: str, chosen: Sequence[_Line]) -> bool:
    """Whether a clause of ``sentence`` is negated where the nearest clause of its lines is not, or the other way."""
    held = [(_negations(part), set(content_words(part))) for line in chosen for part in _clauses(line.text)]
    for clause in _clauses(sentence):
        own, negations = set(content_words(clause)), _negations(clause)
        most = max((len(own & words) for _, words in held), default=0)
        nearest = [count for count, words in held if len(own & words) == most]
        if most and most >= len(own) / 2 and negations not in nearest:
            return True
    return False


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(text) if clause.strip()] or [text]


def _negations(text: str) -> int:
    return sum(word in _NEGATIONS for word in re.findall(r"[a-z]+(?:n't)?", text.lower().replace("’", "'")))


def _every_word(text: str) -> set[str]:
    return {_stem_of(word) for word in re.findall(r"[a-z]+", text.lower())}


def _numbers(text: str) -> set[str]:
    """Return the numbers in ``text``, small ones also when they are written as words."""
    digits = {number.replace(",", "") for number in re.findall(r"\d+(?:[.,]\d+)?", text)}
    return digits | {str(_SMALL[word]) for word in re.findall(r"[a-z]+", text.lower()) if word in _SMALL}


def _vectors(passage: Passage, index: Index | None) -> FloatArray:
    if index is not None and passage.id in index.passages:
        return index.sentence_vectors(passage)
    if not passage.sentences:
        return np.zeros((0, 384), dtype=np.float32)
    return embedding.embed([f"{passage.title}: {line.text}" for line in passage.sentences])
