"""The index: passages and sentences of all articles with their vectors in Chroma, kept in step with the files.

It lies in HOME/chroma and can always be made anew from rag/corpus and HOME/corpus (what was ingested). An article is
indexed again only when its file, or the way of indexing, changed.
"""

import fcntl
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag import embedding, shipped_vectors
from rag.article import SECTIONS, Article, ArticleError, Link, Passage, Sentence, read_article
from rag.embedding import FloatArray
from settings import ROOT, get_settings

if TYPE_CHECKING:
    from chromadb import Collection

CORPUS = ROOT / "rag" / "corpus"
_FORMAT = f"2/{embedding.NAME}"  # raise the number when what is stored changes
_BATCH = 2000  # Chroma takes 5,461 records at once
Progress = Callable[[int, int], None]
_lock = threading.RLock()
_open: "dict[Path, Index]" = {}


class Index:
    """Everything that can be found, with the means to find it; made by ``open_index``."""

    def __init__(self, passages: "Collection", sentences: "Collection") -> None:
        self._passages = passages
        self._sentences = sentences

    @cached_property
    def passages(self) -> dict[str, Passage]:
        """All passages by their id."""
        got = self._passages.get(include=["metadatas"])
        stored = zip(got["ids"], got["metadatas"] or [], strict=True)
        return {key: _passage(json.loads(str(entry["passage"]))) for key, entry in stored}

    def nearest_passages(self, vector: FloatArray, count: int) -> dict[str, float]:
        """Return the ids of the ``count`` passages nearest to ``vector`` with their cosine similarity."""
        return _nearest(self._passages, vector, count)

    def nearest_sentences(self, vector: FloatArray, count: int) -> dict[str, float]:
        """Return, for the passages of the ``count`` nearest sentences, the similarity of their best sentence."""
        best: dict[str, float] = {}
        for key, similarity in _nearest(self._sentences, vector, count).items():
            passage = key.rpartition("#")[0]
            best[passage] = max(best.get(passage, -1.0), similarity)
        return best

    def vectors(self, passage_ids: Sequence[str]) -> FloatArray:
        """Return the vectors of these passages, shape (n, 384)."""
        return _vectors(self._passages, passage_ids)

    def sentence_vectors(self, passage: Passage) -> FloatArray:
        """Return the vectors of the sentences of ``passage``, shape (sentences, 384)."""
        return _vectors(self._sentences, [f"{passage.id}#{place}" for place in range(len(passage.sentences))])


def open_index(progress: Progress | None = None) -> Index:
    """Return the index of this installation, brought up to date the first time in a process.

    Parameters
    ----------
    progress
        Called with (articles done, articles to do) while articles are indexed.
    """
    home = get_settings().home
    with _lock:
        if home not in _open:
            _open[home] = _bring_up_to_date(home, progress)
        return _open[home]


@lru_cache
def shipped_titles() -> dict[str, tuple[str, ...]]:
    """Return the titles of the articles that come with MedHive, by kind, in alphabetical order; reads files once."""
    articles = sorted(map(read_article, CORPUS.glob("*.md")), key=lambda article: article.title)
    return {kind: tuple(article.title for article in articles if article.kind == kind) for kind in SECTIONS}


def is_open() -> bool:
    """Whether the index of this installation is ready in this process."""
    return get_settings().home in _open


def ingest(paths: Iterable[Path], progress: Progress | None = None) -> list[Article]:
    """Check articles, keep them in HOME/corpus and index them; all of them or, when one is wrong, none.

    Raises
    ------
    ArticleError
        When a file is not an article, or has the name of an article that comes with MedHive.
    """
    paths = list(paths)
    articles = [read_article(path) for path in paths]
    shipped = {path.stem for path in CORPUS.glob("*.md")}
    for path, article in zip(paths, articles, strict=True):
        if article.key in shipped and path.resolve().parent != CORPUS:
            raise ArticleError(f"{path.name}: an article of this name comes with MedHive; choose another name.")
    home = get_settings().home
    (home / "corpus").mkdir(exist_ok=True)
    for path in paths:
        target = home / "corpus" / path.name
        if path.resolve().parent != CORPUS and path.resolve() != target.resolve():
            target.write_bytes(path.read_bytes())
    with _lock:
        _open[home] = _bring_up_to_date(home, progress)
    return articles


def _bring_up_to_date(home: Path, progress: Progress | None) -> Index:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    with _one_writer(home):
        client = chromadb.PersistentClient(str(home / "chroma"), ChromaSettings(anonymized_telemetry=False))
        passages, sentences = (
            client.get_or_create_collection(name, embedding_function=None, metadata={"hnsw:space": "cosine"})
            for name in ("passages", "sentences")
        )
        files = [*sorted(CORPUS.glob("*.md")), *sorted((home / "corpus").glob("*.md"))]
        wanted = {article.key: article for article in map(read_article, files)}
        stored = {str(entry["article"]): str(entry["sha256"]) for entry in passages.get()["metadatas"] or []}
        for gone in stored.keys() - wanted.keys():
            _remove(gone, passages, sentences)
        todo = [article for key, article in wanted.items() if stored.get(key) != _fingerprint(article)]
        for done, article in enumerate(todo):
            if progress:
                progress(done, len(todo))
            _add(article, passages, sentences)
        if progress and todo:
            progress(len(todo), len(todo))
    return Index(passages, sentences)


@contextmanager
def _one_writer(home: Path) -> Iterator[None]:
    """Keep two processes (page and command) from writing the index at once."""
    with (home / "chroma.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fingerprint(article: Article) -> str:
    return f"{_FORMAT}/{article.sha256}"


def _add(article: Article, passages: "Collection", sentences: "Collection") -> None:
    """Sentences first, passages last: an article whose passages are there is complete."""
    _remove(article.key, passages, sentences)
    lines = [(passage, place, line) for passage in article.passages for place, line in enumerate(passage.sentences)]
    vectors = shipped_vectors.embed(indexed_texts(article))
    for start in range(0, len(lines), _BATCH):
        part = lines[start : start + _BATCH]
        sentences.add(
            ids=[f"{passage.id}#{place}" for passage, place, _ in part],
            embeddings=list(vectors[start : start + len(part)]),
            metadatas=[{"article": article.key}] * len(part),
        )
    passages.add(
        ids=[passage.id for passage in article.passages],
        embeddings=list(vectors[len(lines) :]),
        metadatas=[
            {
                "article": article.key,
                "section": passage.section,
                "sha256": _fingerprint(article),
                "passage": json.dumps(asdict(passage)),
            }
            for passage in article.passages
        ],
    )


def indexed_texts(article: Article) -> list[str]:
    """Return what vectors are made of: each sentence with the title, then each section with title and heading."""
    sentences = [f"{article.title}: {line.text}" for passage in article.passages for line in passage.sentences]
    return [*sentences, *(f"{passage.title}: {passage.section}. {passage.text}" for passage in article.passages)]


def _remove(article: str, *collections: "Collection") -> None:
    for collection in collections:
        collection.delete(where={"article": article})


def _passage(stored: dict[str, Any]) -> Passage:
    sentences = tuple(
        Sentence(entry["text"], tuple(Link(**link) for link in entry["links"])) for entry in stored["sentences"]
    )
    return Passage(**{**stored, "synonyms": tuple(stored["synonyms"]), "sentences": sentences})


def _nearest(collection: "Collection", vector: FloatArray, count: int) -> dict[str, float]:
    count = min(count, collection.count())
    if not count:
        return {}
    got = collection.query(query_embeddings=vector.reshape(1, -1), n_results=count, include=["distances"])
    distances = (got["distances"] or [[]])[0]
    return {key: 1.0 - float(distance) for key, distance in zip(got["ids"][0], distances, strict=True)}


def _vectors(collection: "Collection", ids: Sequence[str]) -> FloatArray:
    got = collection.get(ids=list(ids), include=["embeddings"])
    place = {key: row for row, key in enumerate(got["ids"])}
    found = np.asarray(got["embeddings"], dtype=np.float32)
    return found[[place[key] for key in ids]]
