"""The provider without a language model: sentences taken from the sources, word for word.

It cannot say anything that no source says. A question for a whole section ("symptoms of asthma") gets the section;
a narrower one ("does salt raise blood pressure") gets the sentences nearest to it.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rag.article import Passage
from rag.graph.link import nodes_named
from rag.index import Index
from rag.intent import topics_named
from rag.llm.provider import Failure, Material, Statement, Told, Translated
from rag.retrieve import Found, Hit, content_words, own_words

_MOST = 5  # sentences in an answer
_SECTION = 6  # sentences of a whole section; what to do in an emergency must not be cut short
_MOST_FACTS = 4  # of the graph, after them
_NEAR = 0.12  # a sentence counts as good as the best one within this similarity
_PASSAGES = 3


class Extractive:
    """Verbatim sentences with their sources."""

    name = "Extractive"
    place = ""
    verbatim = True
    translates = False

    def word(self, material: Material) -> Iterator[Told]:
        """Yield the section asked for, or the nearest sentences of the best passages; then facts not yet said."""
        found, facts = material.found, material.facts
        said = [] if found.hits[0].passage == facts else self._from_passages(found, material.index)
        yield from said
        yield from _not_yet_said(facts, said, found.hits[0].score)

    def translate(self, texts: Sequence[str], language: str) -> Translated:
        """Raise Failure: nothing here could."""
        raise Failure(f"No language model is there to put {len(texts)} texts into {language}.")

    def reword(self, sentence: str) -> Translated:
        """Raise Failure: nothing here could."""
        raise Failure("No language model is there to word it.")

    def _from_passages(self, found: Found, index: Index) -> list[Statement]:
        best = found.hits[0]
        if best.named and _asks_for_section(found, best.passage):
            return [Statement.verbatim(best.passage, line, best.score) for line in best.passage.sentences[:_SECTION]]
        hits = [hit for hit in found.hits if hit.passage.article == best.passage.article][:_PASSAGES]
        return _nearest_sentences(found, hits, index)


def _not_yet_said(facts: Passage, said: Sequence[Statement], score: float) -> list[Statement]:
    """Leave out facts whose two ends a sentence of the answer names already."""
    named = [set(nodes_named(f"{entry.passage.title}. {entry.text}")) for entry in said]
    new = [line for line in facts.sentences if not any(names.issuperset(nodes_named(line.text)) for names in named)]
    return [Statement.verbatim(facts, line, score) for line in new[:_MOST_FACTS]]


def _asks_for_section(found: Found, passage: Passage) -> bool:
    """Whether the question holds nothing but a topic and a kind of information."""
    names = topics_named(found.question, [passage])
    topic = set(content_words(" ".join((passage.title, *passage.synonyms))))
    return bool(names) and not own_words(found.question) - topic


def _nearest_sentences(found: Found, hits: Sequence[Hit], index: Index) -> list[Statement]:
    similarity = [index.sentence_vectors(hit.passage) @ found.vector for hit in hits]
    # A sentence of the best passage goes first when it is as near as one of another passage.
    adjusted = [values - 0.05 * place for place, values in enumerate(similarity)]
    best = max(float(values.max()) for values in adjusted)
    chosen = [
        (float(value), place, line)
        for place, values in enumerate(adjusted)
        for line, value in enumerate(values)
        if value >= best - _NEAR
    ]
    chosen = sorted(chosen, reverse=True)[:_MOST]
    chosen = _with_context(chosen, hits, adjusted)
    return [
        Statement.verbatim(hits[place].passage, hits[place].passage.sentences[line], hits[place].score)
        for _, place, line in sorted(chosen, key=lambda entry: (entry[1], entry[2]))
    ]


def _with_context(
    chosen: list[tuple[float, int, int]],
    hits: Sequence[Hit],
    values: Sequence["np.ndarray[tuple[int], np.dtype[np.float32]]"],
) -> list[tuple[float, int, int]]:
    """Give a lone sentence its neighbour, so that an answer does not sound cut off."""
    if len(chosen) != 1:
        return chosen
    _, place, line = chosen[0]
    beside = [near for near in (line - 1, line + 1) if 0 <= near < len(hits[place].passage.sentences)]
    if not beside:
        return chosen
    other = max(beside, key=lambda near: float(values[place][near]))
    return [*chosen, (float(values[place][other]), place, other)]
