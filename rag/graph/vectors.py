"""Sentence vectors of all names and facts of the graph; they come with MedHive (``rag/shipped_vectors.py``)."""

from dataclasses import dataclass
from functools import lru_cache

from rag import shipped_vectors
from rag.embedding import FloatArray
from rag.graph.read import Knowledge, knowledge


@dataclass(frozen=True)
class Vectors:
    """Unit vectors, shape (n, 384): of each name or alias (``names`` says of which node), and of each fact in order."""

    names: tuple[str, ...]
    of_names: FloatArray
    of_facts: FloatArray


@lru_cache(maxsize=1)
def vectors() -> Vectors:
    """Return the vectors; those of texts that changed since ``python -m rag.shipped_vectors`` are computed."""
    graph = knowledge()
    found = shipped_vectors.embed(embedded_texts(graph))
    names = tuple(name for name, _ in _names(graph))
    return Vectors(names, found[: len(names)], found[len(names) :])


def embedded_texts(graph: Knowledge) -> list[str]:
    """Return what is embedded: all names and aliases, then the sentences of all facts."""
    return [*(text for _, text in _names(graph)), *(fact.text for fact in graph.facts)]


def _names(graph: Knowledge) -> list[tuple[str, str]]:
    return [(node.name, text) for node in graph.nodes.values() for text in (node.name, *node.aliases)]
