"""Vectors of the shipped articles and the knowledge graph: a fresh installation answers at once, not after a minute.

A vector is found by the text that it stands for, so one of a changed text is never used: it is computed again.
``python -m rag.shipped_vectors`` writes the file anew after articles or graph changed; tests ask for it.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from rag import embedding
from rag.embedding import FloatArray
from settings import ROOT

FILE = ROOT / "rag" / "corpus" / "vectors.safetensors"  # "keys": (n,) uint64, "vectors": (n, 384) float16


def embed(texts: Sequence[str]) -> FloatArray:
    """Return one vector of length 1 for each text, shape (n, 384); only those that are not shipped are computed."""
    shipped = _shipped()
    found = {text: shipped.get(_key(text)) for text in texts}
    if absent := missing(texts):
        found.update(zip(absent, embedding.embed(absent), strict=True))
    return np.asarray([found[text] for text in texts], dtype=np.float32)


def missing(texts: Sequence[str]) -> list[str]:
    """Return the texts that have no vector in the file."""
    return [text for text in texts if _key(text) not in _shipped()]


def write(texts: Sequence[str]) -> None:
    """Write the file anew with the vectors of these texts; numbers that it holds already are kept as they are."""
    unique = {_key(text): text for text in texts}
    keys = sorted(unique)
    vectors = embed([unique[key] for key in keys])
    tensors: dict[str, np.ndarray[Any, Any]] = {
        "keys": np.asarray(keys, dtype=np.uint64),
        "vectors": vectors.astype(np.float16),
    }
    save_file(tensors, FILE, metadata={"model": embedding.NAME})
    _shipped.cache_clear()


def _key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{embedding.NAME}\n{text}".encode()).digest()[:8])


@lru_cache(maxsize=1)
def _shipped() -> dict[int, FloatArray]:
    if not FILE.is_file():
        return {}
    tensors = load_file(FILE)
    vectors = tensors["vectors"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return {int(key): vector for key, vector in zip(tensors["keys"], vectors, strict=True)}


if __name__ == "__main__":
    from rag.article import read_article
    from rag.graph.read import knowledge
    from rag.graph.vectors import embedded_texts
    from rag.index import CORPUS, indexed_texts

    articles = [read_article(path) for path in sorted(CORPUS.glob("*.md"))]
    of_articles = [text for article in articles for text in indexed_texts(article)]
    write([*of_articles, *embedded_texts(knowledge())])
    size = FILE.stat().st_size / 1e6
    print(f"{FILE}: {len(_shipped()):,} vectors of {len(articles)} articles and the graph, {size:.1f} MB")
