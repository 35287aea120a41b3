"""Sentence vectors of all names and facts of the graph, kept in HOME/graph and made anew when the files changed."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from rag import embedding
from rag.embedding import FloatArray
from rag.graph.read import knowledge
from settings import get_settings


@dataclass(frozen=True)
class Vectors:
    """Unit vectors, shape (n, 384): of each name or alias (``names`` says of which node), and of each fact in order."""

    names: tuple[str, ...]
    of_names: FloatArray
    of_facts: FloatArray


def vectors() -> Vectors:
    """Return the vectors; they are computed at the first call after the files changed (about ten seconds)."""
    return _vectors(get_settings().home / "graph")


@lru_cache(maxsize=2)
def _vectors(folder: Path) -> Vectors:
    graph = knowledge()
    names = [(node.name, text) for node in graph.nodes.values() for text in (node.name, *node.aliases)]
    path = folder / f"{embedding.NAME}-{graph.sha256[:16]}.npy"
    if path.is_file():
        stored: FloatArray = np.load(path, allow_pickle=False).astype(np.float32)
    else:
        stored = embedding.embed([*(text for _, text in names), *(fact.text for fact in graph.facts)])
        _keep(path, stored)
    return Vectors(tuple(name for name, _ in names), stored[: len(names)], stored[len(names) :])


def _keep(path: Path, found: FloatArray) -> None:
    """Write and rename, so that a second process never reads half a file; what older files gave is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partly = path.with_suffix(f".{os.getpid()}")
    with partly.open("wb") as file:
        np.save(file, found.astype(np.float16))
    for old in path.parent.glob("*.npy"):
        old.unlink(missing_ok=True)
    partly.replace(path)
