"""What the graph adds to passages on multi-hop questions: ``python -m tests.rag.measure_graph``.

Each question of multi_hop.jsonl has the facts that its answer needs, as pairs of nodes; a fact counts as found when one
sentence of the evidence, read with the title of its article, names both ends. A question counts as supported when all
its facts are found. Both sides get the same number of words: passages alone, best first, against the facts of the graph
and then passages; and the extractive answers with and without the graph, whatever their length.

Weights were chosen on the half ``tune``. Questions were written by the authors of graph and corpus, after the graph and
before any measurement; names are found by the aliases of the graph, which knows its own wording best.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.answer import answer
from rag.article import Passage
from rag.graph.connect import SECTION, WEIGHTS, Weights, connections
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
    facts = [fact.text for fact in connections(asked.question, found.vector, weights=weights)] if weights else []
    return hops_found(asked, evidence(facts, [hit.passage for hit in found.hits]))


def answered(asked: Asked) -> tuple[int, int]:
    """Return the facts found in the extractive answer without and with the graph."""
    given = answer(asked.question)
    sections = {entry.number: (entry.topic, entry.section) for entry in given.sources}
    lines = [(text, sections[numbers[0]]) for paragraph in given.paragraphs for text, numbers in paragraph]
    alone = [f"{topic}. {text}" for text, (topic, section) in lines if section != SECTION]
    return hops_found(asked, alone), hops_found(asked, [*alone, *(t for t, (_, part) in lines if part == SECTION)])


def share(counts: Sequence[bool]) -> str:
    """Return "12 of 38, .32 (.19 to .47)" with the 95 % interval of Wilson (1927)."""
    n, k, z = len(counts), sum(counts), 1.96
    middle = (k / n + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return f"{k} of {n}, {k / n:.2f} ({middle - half:.2f} to {middle + half:.2f})"


def gain(before: Sequence[bool], after: Sequence[bool]) -> str:
    """Return the difference of two shares on the same questions, with its 95 % bootstrap interval (seed 0)."""
    differences = np.asarray(after, dtype=float) - np.asarray(before, dtype=float)
    drawn = np.random.default_rng(0).choice(differences, (10_000, len(differences))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{differences.mean():+.2f} ({low:+.2f} to {high:+.2f})"


def table(half: str, index: Index) -> list[str]:
    """Return the figures of a half, a line each: questions with all their facts, and single facts."""
    asked = questions(half)
    needed = [len(entry.hops) for entry in asked]
    pairs = {
        f"evidence of {WORDS} words": [(supported(e, index, None), supported(e, index, WEIGHTS)) for e in asked],
        "extractive answer": [answered(entry) for entry in asked],
    }
    lines = []
    for name, counts in pairs.items():
        for what, before, after in (
            ("questions", *[[c[i] == n for c, n in zip(counts, needed, strict=True)] for i in (0, 1)]),
            ("facts", *[[k < c[i] for c, n in zip(counts, needed, strict=True) for k in range(n)] for i in (0, 1)]),
        ):
            lines.append(
                f"{half}, {name}, {what}: passages {share(before)}; with graph {share(after)}; {gain(before, after)}"
            )
    return lines


if __name__ == "__main__":
    opened = open_index()
    for wanted in ("tune", "report"):
        print("\n".join(table(wanted, opened)), flush=True)
