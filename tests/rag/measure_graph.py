"""What the graph adds to passages on multi-hop questions: ``python -m tests.rag.measure_graph``.

Each question of multi_hop.jsonl has the facts that its answer needs, as pairs of nodes; a fact counts as found when one
sentence of the evidence, read with the title of its article, names both ends. A question counts as supported when all
its facts are found. Both sides get the same number of words: passages alone, best first, against the facts of the graph
and then passages; and the extractive answers with and without the graph, whatever their length.

Weights were chosen on the half ``tune``. Questions were written by the authors of graph and corpus, after the graph and
before any measurement; names are found by the aliases of the graph, which knows its own wording best.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.article import Passage
from rag.graph.connect import WEIGHTS, Weights, connections
from rag.graph.link import nodes_named
from rag.index import Index, open_index
from rag.retrieve import search

QUESTIONS = Path(__file__).parent / "multi_hop.jsonl"
WORDS = 400  # of evidence, about five passages
Hop = tuple[str, frozenset[str]]


@dataclass(frozen=True)
class Asked:
    """A question with the facts that its answer needs: (one end, possible other ends)."""

    question: str
    hops: tuple[Hop, ...]
    half: str


def questions(half: str | None = None) -> list[Asked]:
    """Return the questions of a half, or all."""
    read = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    asked = [
        Asked(row["question"], tuple((one, frozenset(others)) for one, others in row["hops"]), row["half"])
        for row in read
    ]
    return [entry for entry in asked if half in (None, entry.half)]


def hops_found(asked: Asked, sentences: Iterable[str]) -> int:
    """Return how many of the facts are named, both ends in one sentence."""
    named = [frozenset(nodes_named(sentence)) for sentence in sentences]
    return sum(any(one in names and not others.isdisjoint(names) for names in named) for one, others in asked.hops)


def evidence(facts: Sequence[str], passages: Sequence[Passage], words: int = WORDS) -> list[str]:
    """Return sentences, facts first, then those of the passages with their title, up to ``words`` words."""
    chosen: list[str] = []
    lines = [*facts, *(f"{entry.title}. {line.text}" for entry in passages for line in entry.sentences)]
    for line in lines:
        words -= len(line.split())
        if words < 0:
            break
        chosen.append(line)
    return chosen


def supported(asked: Asked, index: Index, weights: Weights | None) -> int:
    """Return the facts found in the evidence; without ``weights`` passages are alone."""
    found = search(asked.question, 8, index=index)
    facts = [fact.text for fact in connections(asked.question, found.vector, weights)] if weights else []
    return hops_found(asked, evidence(facts, [hit.passage for hit in found.hits]))
