"""The index as questions see it: passages by id, and what is nearest to a vector.

Articles in rag/corpus and HOME/corpus are brought up to date when it is opened; other sources are added by
``rag/library.py``, since embedding them takes minutes. All of it can be made anew from these files.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag import embedding
from rag.article import SECTIONS, Article, Passage, read_article
from rag.embedding import FloatArray
from rag.lexicon import Lexicon
from rag.sources.read import is_article
from rag.spelling import Spelling
from rag.store import FORMAT, Entry, Store, passage_text, renew_client, sentence_text, stamp_of, writing
from rag.store import Progress as Progress
from rag.topics import Topics
from settings import ROOT, get_settings

if TYPE_CHECKING:
    from chromadb import Collection

CORPUS = ROOT / "rag" / "corpus"
ARTICLES = "Articles"  # the source of all articles in the form of ours, shipped or added
_MANY = 2000  # passages from which on reading their words from the disk is faster than counting them
_KEPT = 256  # passages whose sentence vectors, computed when asked for, are kept
lock = threading.RLock()
_open: "dict[Path, Index]" = {}


class Part:
    """Passages that are weighed alike, with their vectors in memory: comparing with all of them takes milliseconds."""

    def __init__(self, passages: Sequence[Passage], vectors: FloatArray, words: Path | None = None) -> None:
        self._words = words if len(passages) >= _MANY else None
        self.ids = [passage.id for passage in passages]
        self._passages = passages
        self._vectors = vectors
        self._places = {key: place for place, key in enumerate(self.ids)}

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of these passages."""
        return Lexicon(self._passages, self._words)

    @cached_property
    def topics(self) -> Topics:
        """The names of their documents."""
        return Topics(self._passages)

    @cached_property
    def _documents(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, passage in enumerate(self._passages):
            found.setdefault(passage.article, []).append(place)
        return found

    def place(self, passage_id: str) -> int:
        """Return where a passage stands in ``ids``."""
        return self._places[passage_id]

    def places_of(self, document: str) -> list[int]:
        """Return where the passages of a document stand in ``ids``."""
        return self._documents[document]

    def similarity(self, vector: FloatArray) -> FloatArray:
        """Return the cosine similarity of every passage with ``vector``, in the order of ``ids``."""
        return self._vectors @ vector

    def nearest(self, vector: FloatArray, count: int) -> dict[str, float]:
        """Return the ids of the ``count`` passages nearest to ``vector`` with their cosine similarity."""
        near = self.similarity(vector)
        count = min(count, len(near))
        if not count:
            return {}
        places = np.argpartition(-near, count - 1)[:count]
        return {self.ids[place]: float(near[place]) for place in places}

    def vectors(self, passage_ids: Sequence[str]) -> FloatArray:
        """Return the vectors of these passages, shape (n, 384)."""
        return self._vectors[[self._places[key] for key in passage_ids]]


class Index:
    """Everything that can be found, with the means to find it; made by ``open_index``."""

    def __init__(self, store: Store, stamp: int = 0) -> None:
        self._store = store
        self._computed: dict[str, FloatArray] = {}
        self.stamp = stamp

    @cached_property
    def passages(self) -> dict[str, Passage]:
        """All passages by their id."""
        return {passage.id: passage for part in self._parts for passage in part[0]}

    @cached_property
    def articles(self) -> Part:
        """Articles in the form of ours."""
        return Part(*self._parts[0])

    @cached_property
    def added(self) -> Part:
        """Records and documents that were added."""
        return Part(*self._parts[1], self._store.words)

    @cached_property
    def spelling(self) -> Spelling:
        """The words of titles, to read misspelt ones by."""
        parts = (self.articles, self.added)
        names = [name for part in parts for name in part.topics.names()]
        return Spelling(names, lambda word: any(part.lexicon.knows(word) for part in parts))

    def names_topic(self, question: str) -> bool:
        """Whether ``question`` names a topic that there is something about."""
        return any(part.topics.names_in(question) for part in (self.articles, self.added))

    @cached_property
    def _parts(self) -> tuple[tuple[list[Passage], FloatArray], ...]:
        found: tuple[list[tuple[Passage, FloatArray]], ...] = ([], [])
        for passage, vector in self._store.read():
            found[passage.part > 0].append((passage, vector))
        none = np.empty((0, embedding.LENGTH), np.float32)
        return tuple(
            ([passage for passage, _ in part], np.stack([vector for _, vector in part]) if part else none)
            for part in found
        )

    def nearest_sentences(self, vector: FloatArray, count: int) -> dict[str, float]:
        """Return, for the articles' passages of the ``count`` nearest sentences, the similarity of their best one."""
        best: dict[str, float] = {}
        for key, similarity in _nearest(self._store.sentences, vector, count).items():
            passage = key.rpartition("#")[0]
            best[passage] = max(best.get(passage, -1.0), similarity)
        return best

    def sentence_vectors(self, passage: Passage) -> FloatArray:
        """Return the vectors of the sentences of ``passage``, shape (sentences, 384).

        Those of articles are stored; those of other texts are computed when asked for, and kept for a while.
        """
        if not passage.part:
            return _vectors(self._store.sentences, [f"{passage.id}#{place}" for place in range(len(passage.sentences))])
        if passage.id not in self._computed:
            while len(self._computed) >= _KEPT:
                self._computed.pop(next(iter(self._computed)), None)
            texts = [sentence_text(passage, line.text) for line in passage.sentences]
            self._computed[passage.id] = embedding.embed(texts)
        return self._computed[passage.id]


def open_index(progress: Progress | None = None) -> Index:
    """Return the index of this installation, up to date the first time in a process and when a source was added.

    Parameters
    ----------
    progress
        Called with (articles done, articles to do) while articles are indexed.
    """
    home = get_settings().home
    with lock:
        if home not in _open:
            bring_articles_up_to_date(home, progress)
        if home not in _open or _open[home].stamp != stamp_of(home):
            if home in _open:  # another process may have written
                renew_client()
            _open[home] = Index(Store(home), stamp_of(home))
        return _open[home]


@lru_cache
def shipped_titles() -> dict[str, tuple[str, ...]]:
    """Return the titles of the articles that come with MedHive, by kind, in alphabetical order; reads files once."""
    articles = sorted(map(read_article, CORPUS.glob("*.md")), key=lambda article: article.title)
    return {kind: tuple(article.title for article in articles if article.kind == kind) for kind in SECTIONS}


def is_open() -> bool:
    """Whether the index of this installation is ready in this process."""
    return get_settings().home in _open


def bring_articles_up_to_date(
    home: Path, progress: Progress | None = None, cancelled: Callable[[], bool] = lambda: False
) -> None:
    """Make the store hold the articles of rag/corpus and HOME/corpus as they are now."""
    own = [path for path in sorted((home / "corpus").glob("*.md")) if is_article(path)]
    files = [*sorted(CORPUS.glob("*.md")), *own]
    stamp = _stamp(files)
    with writing(home) as store:
        known = store.entries().get(ARTICLES)
        if known and known.stamp == stamp and known.complete:
            return
        articles = [read_article(path) for path in files]
        store.write(ARTICLES, articles, progress, cancelled)
        passages = sum(len(article.passages) for article in articles)
        store.note(ARTICLES, Entry(ARTICLES, "article", stamp, len(articles), passages, {}, True, ""))


def indexed_texts(article: Article) -> list[str]:
    """Return what vectors are made of: each sentence with the title, then each section with title and heading."""
    sentences = [sentence_text(passage, line.text) for passage in article.passages for line in passage.sentences]
    return [*sentences, *(passage_text(passage) for passage in article.passages)]


def _stamp(files: Sequence[Path]) -> str:
    digest = hashlib.sha256(FORMAT.encode())
    for path in files:
        digest.update(f"\n{path}\n".encode() + path.read_bytes())
    return digest.hexdigest()


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
