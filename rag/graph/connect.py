"""Which facts of the graph answer a question: nodes that it names, and chains of one or two facts that start there.

Weights were chosen on the half ``tune`` of tests/rag/multi_hop.jsonl; ``python -m tests.rag.measure_graph`` gives the
figures on the half ``report``, which no choice looked at.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rag.article import Passage, Sentence
from rag.embedding import FloatArray
from rag.graph.link import node_called, nodes_named
from rag.graph.read import Fact, Knowledge, knowledge
from rag.graph.relations import Kind
from rag.graph.vectors import vectors
from rag.intent import thing_asked_about

MOST_FACTS = 8
_SURE = 0.6  # a chain this good answers a question that no passage answers
SECTION = "How things connect"
_TOP = 3  # chains that tell whether a question is about a connection
_BY_MEANING = 2  # nodes that a question means without naming them
_ASKED: dict[Kind, str] = {
    "test": r"\btests?\b|\bscans?\b|x-?rays?|diagnos|detect|\bcheck|\bmeasur|examin|find out|\bfinds?\b|\bfound\b",
    "drug class": r"medicines?|medications?|\bdrugs?|tablets?|pills?|inhalers?|vaccin|painkill|inject|thinner|drops",
    "treatment": r"treat|\bcure|operation|surgery|procedure|device|therap|saves?\b|\bmask",
    "symptom": r"symptoms?|\bfeel|notice|warning|\bhurts?\b",
    "sign": r"\bsigns?\b|blood marker|\bshow|in the blood|blood sugar|in (my|the) urine",
    "ECG finding": r"\becg|\bekg|heart tracing|pattern",
    "anatomy": r"\borgans?\b|part of the|\bgland\b|where in",
    "risk factor": r"\brisks?\b|habits?|lifestyle|\bfoods?\b|triggers?|\bwho gets\b|\bwhy\b|caus|germ|virus",
    "disease": r"disease|condition|illness|disorder|complication|problem|infection|cancer|lead|\bend|tumou?r"
    r"|\bpoints? to|mean|rhythm|result|stand for|\bcan\b",
}
_PATTERNS: dict[Kind, re.Pattern[str]] = {kind: re.compile(pattern) for kind, pattern in _ASKED.items()}


@dataclass(frozen=True)
class Weights:
    """How a chain is scored: similarity of its facts with the question, and what speaks for it or against it."""

    far: float = 0.05  # off for each fact after the first
    kind: float = 0.12  # it ends at a kind of thing that the question asks for
    joined: float = 0.15  # it ends at another thing that the question names
    place: float = 0.2  # off when it speaks of a part of the body that nobody asked for
    again: float = 0.02  # off for each chosen chain that ends at the same kind of thing
    meaning: float = 0.6  # similarity from which a question means a node it does not name
    margin: float = 0.25  # chains as good as this below the best one count


WEIGHTS = Weights()


@dataclass(frozen=True)
class Chain:
    """One or two facts in a row, from a node that the question names."""

    start: str
    facts: tuple[Fact, ...]
    end: str
    score: float


@dataclass(frozen=True)
class Connected:
    """The facts for a question, with what they are worth.

    ``joined`` says that the question is about how things connect rather than about one of them; ``topic`` is the node
    that it names and the facts answer about, empty when they are too far from it to answer alone.
    """

    facts: tuple[Fact, ...] = ()
    joined: bool = False
    topic: str = ""

    def as_passage(self) -> Passage:
        """Return the facts as a passage, to be cited like any other."""
        title = self.topic[:1].upper() + self.topic[1:] or "Connections"
        sentences = tuple(Sentence(fact.text, (fact.source,)) for fact in self.facts)
        return Passage("knowledge graph", "condition", title, SECTION, (), sentences)


def connect(question: str, vector: FloatArray) -> Connected:
    """Return what the graph has to say to ``question``; ``vector`` is its embedding, shape (384,)."""
    starts = linked(question, vector)
    found = chains(question, vector)
    if not found:
        return Connected()
    best = found[0]
    facts = connections(question, vector)
    named = [name for name in nodes_named(question) if knowledge().nodes[name].kind != "anatomy"]
    asked = thing_asked_about(question)
    sure = best.score >= _SURE and best.start in named and (not asked or node_called(asked) is not None)
    wide = len(named) > 1 or len(kinds_asked(question)) > 1
    joined = wide and any(
        chain.start in named and (len(chain.facts) > 1 or chain.end in starts) for chain in found[:_TOP]
    )
    gist = knowledge().gist(best.start) if best.start in named else ()
    return Connected((*gist, *facts), joined, best.start if sure else "")


def linked(question: str, vector: FloatArray, weights: Weights = WEIGHTS) -> tuple[str, ...]:
    """Return the nodes that ``question`` names, then those that it means; ``vector`` is its embedding, shape (384,)."""
    named = nodes_named(question)
    known = vectors()
    similarity = known.of_names @ vector
    meant: dict[str, None] = {}
    for place in np.argsort(-similarity)[:20]:
        if similarity[place] < weights.meaning:
            break
        meant[known.names[place]] = None
    found = (*named, *[name for name in meant if name not in named][:_BY_MEANING])
    nodes = knowledge().nodes
    # "The heart" in a question about a disease of the heart would join it to every other one.
    return tuple(name for name in found if nodes[name].kind != "anatomy") or found


def kinds_asked(question: str) -> frozenset[Kind]:
    """Return the kinds of things that the wording of ``question`` asks for."""
    text = question.lower()
    return frozenset(kind for kind, pattern in _PATTERNS.items() if pattern.search(text))


def chains(question: str, vector: FloatArray, weights: Weights = WEIGHTS) -> list[Chain]:
    """Return the chains that are nearest to ``question``, best first; empty when it speaks of nothing in the graph."""
    starts = linked(question, vector, weights)
    if not starts:
        return []
    graph = knowledge()
    near: dict[Fact, float] = dict(zip(graph.facts, (vectors().of_facts @ vector).tolist(), strict=True))
    kinds = kinds_asked(question)

    def score(facts: tuple[Fact, ...], end: str) -> float:
        value = sum(near[fact] for fact in facts) / len(facts) - weights.far * (len(facts) - 1)
        if "anatomy" not in kinds and any(graph.nodes[fact.object].kind == "anatomy" for fact in facts):
            return value - weights.place
        return value + weights.kind * (graph.nodes[end].kind in kinds) + weights.joined * (end in starts)

    found = [Chain(start, facts, end, score(facts, end)) for start in starts for facts, end in _walks(graph, start)]
    return sorted(found, key=lambda chain: -chain.score)


def connections(question: str, vector: FloatArray, most: int = MOST_FACTS, weights: Weights = WEIGHTS) -> list[Fact]:
    """Return at most ``most`` facts of the best chains, in reading order; of two facts about one pair, one."""
    waiting = chains(question, vector, weights)
    kinds = knowledge().nodes
    best = waiting[0].score if waiting else 0.0
    ends: Counter[Kind] = Counter()
    facts: dict[frozenset[str], Fact] = {}
    while waiting:
        chain = max(waiting, key=lambda chain: chain.score - weights.again * ends[kinds[chain.end].kind])
        waiting.remove(chain)
        new = {frozenset((fact.subject, fact.object)): fact for fact in chain.facts}
        if chain.score < best - weights.margin:
            break
        if len(facts | new) > most:
            continue
        if new.keys() - facts.keys():
            facts = facts | {pair: fact for pair, fact in new.items() if pair not in facts}
            ends[kinds[chain.end].kind] += 1
    return list(facts.values())


def _walks(graph: Knowledge, start: str) -> Iterator[tuple[tuple[Fact, ...], str]]:
    for first in graph.facts_of(start):
        middle = _other(first, start)
        yield (first,), middle
        for second in graph.facts_of(middle):
            end = _other(second, middle)
            # Two things that share a symptom, a test or a risk are alike, not connected.
            alike = second.relation == first.relation and (second.subject == middle) == (first.subject == middle)
            if end != start and not alike:
                yield (first, second), end


def _other(fact: Fact, end: str) -> str:
    return fact.object if fact.subject == end else fact.subject
