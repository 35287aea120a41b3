"""Where the index lies: passages and their vectors in Chroma under HOME/chroma, and the list of what is in it.

Made by those who read sources (``rag/library.py``, ``rag/index.py``), it knows nothing of files. Articles in the form
of ours also have a vector for each sentence.
"""

import fcntl
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag import embedding, shipped_vectors
from rag.article import Article, Link, Passage, Sentence
from rag.embedding import FloatArray

if TYPE_CHECKING:
    from chromadb import Collection

FORMAT = f"3/{embedding.NAME}"  # raise the number when what is stored changes
Progress = Callable[[int, int], None]
_BATCH = 2000  # Chroma takes 5,461 records at once
_AT_ONCE = 64  # passages embedded together; between two lots questions get their turn, and one may cancel


class Cancelled(Exception):
    """Somebody cancelled the indexing."""


@dataclass(frozen=True)
class Entry:
    """What the store holds of a source; ``stamp`` is of its files, ``dropped`` says what was left out and why."""

    name: str
    kind: str
    stamp: str
    documents: int
    passages: int
    dropped: dict[str, int]
    complete: bool
    added_at: str


class Store:
    """The collections of one installation, for whoever holds the lock of ``writing`` or only reads."""

    def __init__(self, home: Path) -> None:
        self.passages, self.sentences = _collections(home)
        self._list = home / "chroma" / "sources.json"
        self.words = home / "chroma" / "words"  # where the index of words is kept, beside the vectors

    def entries(self) -> dict[str, Entry]:
        """Return what is stored, by the name of the source."""
        return _entries(self._list)

    def write(
        self,
        source: str,
        documents: Sequence[Article],
        progress: Progress | None,
        cancelled: Callable[[], bool],
    ) -> None:
        """Make ``source`` hold exactly ``documents``: only those that changed are embedded.

        Raises
        ------
        Cancelled
            Between two lots, when ``cancelled`` says so; what is stored by then stays.
        """
        stored = self._stamps(source)
        wanted = {document.key: document for document in documents}
        if gone := stored.keys() - wanted.keys():
            self._remove_documents(sorted(gone))
        todo = [document for key, document in wanted.items() if stored.get(key) != document.sha256]
        self._remove_documents([document.key for document in todo if document.key in stored])
        done = 0
        for lot in _lots(todo):
            if cancelled():
                raise Cancelled
            if progress:
                progress(done, len(todo))
            self._add(source, lot)
            done += len(lot)
        if progress and todo:
            progress(done, len(todo))

    def forget(self, source: str) -> None:
        """Remove all of ``source``."""
        self._remove_documents(sorted(self._stamps(source)))
        self.note(source, None)

    def note(self, source: str, entry: Entry | None) -> None:
        """Write down what is stored of ``source`` now; None removes it from the list. Other processes look at it."""
        known = self.entries()
        known.pop(source, None)
        if entry:
            known[source] = entry
        text = json.dumps({"format": FORMAT, "sources": [asdict(entry) for entry in known.values()]}, indent=1)
        waiting = self._list.with_suffix(".new")
        waiting.write_text(text, encoding="utf-8")
        waiting.replace(self._list)

    def read(self) -> Iterator[tuple[Passage, FloatArray]]:
        """Yield all passages with their vectors, shape (384,)."""
        offset = 0
        while True:
            got = self.passages.get(include=["metadatas", "embeddings"], limit=_BATCH, offset=offset)
            if not got["ids"]:
                return
            offset += len(got["ids"])
            vectors = np.asarray(got["embeddings"], dtype=np.float32)
            for entry, vector in zip(got["metadatas"] or [], vectors, strict=True):
                yield _unpacked(str(entry["passage"])), vector

    def _stamps(self, source: str) -> dict[str, str]:
        got = self.passages.get(where={"source": source}, include=["metadatas"])
        return {str(entry["article"]): str(entry["sha256"]) for entry in got["metadatas"] or []}

    def _remove_documents(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), _BATCH):
            where: Any = {"article": {"$in": list(keys[start : start + _BATCH])}}
            self.passages.delete(where=where)
            self.sentences.delete(where=where)

    def _add(self, source: str, documents: Sequence[Article]) -> None:
        """Sentences first, passages last: a document whose passages are there is complete."""
        found = [(document, passage) for document in documents for passage in document.passages]
        lines = [
            (passage, place, line.text)
            for _, passage in found
            if not passage.part
            for place, line in enumerate(passage.sentences)
        ]
        texts = [*(sentence_text(passage, text) for passage, _, text in lines), *(passage_text(p) for _, p in found)]
        vectors = shipped_vectors.embed(texts)
        if lines:
            self.sentences.add(
                ids=[f"{passage.id}#{place}" for passage, place, _ in lines],
                embeddings=list(vectors[: len(lines)]),
                metadatas=[{"article": passage.article} for passage, _, _ in lines],
            )
        self.passages.add(
            ids=[passage.id for _, passage in found],
            embeddings=list(vectors[len(lines) :]),
            metadatas=[
                {
                    "source": source,
                    "article": document.key,
                    "section": passage.section,
                    "sha256": document.sha256,
                    "passage": _packed(passage),
                }
                for document, passage in found
            ],
        )


def passage_text(passage: Passage) -> str:
    """Return what the vector of ``passage`` is made of."""
    return f"{passage.title}: {passage.section}. {passage.text}"


def sentence_text(passage: Passage, sentence: str) -> str:
    """Return what the vector of a sentence of ``passage`` is made of."""
    return f"{passage.title}: {sentence}"


def list_of(home: Path) -> dict[str, Entry]:
    """Return what the store of ``home`` holds, without opening it."""
    return _entries(home / "chroma" / "sources.json")


def stamp_of(home: Path) -> int:
    """Return a number that changes when somebody, here or in another process, has changed the store."""
    path = home / "chroma" / "sources.json"
    return path.stat().st_mtime_ns if path.exists() else 0


@contextmanager
def writing(home: Path) -> Iterator[Store]:
    """Open the store for writing; two processes (page and command) never write at once."""
    with (home / "chroma.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield Store(home)


def renew_client() -> None:
    """Let the next ``Store`` read what another process has written: Chroma keeps one reader a process."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient.clear_system_cache()


def _entries(path: Path) -> dict[str, Entry]:
    if not path.is_file():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {entry["name"]: Entry(**entry) for entry in stored["sources"]} if stored["format"] == FORMAT else {}


def _collections(home: Path) -> "tuple[Collection, Collection]":
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    client = chromadb.PersistentClient(str(home / "chroma"), ChromaSettings(anonymized_telemetry=False))
    if not _entries(home / "chroma" / "sources.json"):  # nothing yet, or stored in an earlier way
        for old in client.list_collections():
            client.delete_collection(old.name)
    # Vectors are always given: without embedding_function=None Chroma would fetch a model of its own.
    passages, sentences = (
        client.get_or_create_collection(name, embedding_function=None, metadata={"hnsw:space": "cosine"})
        for name in ("passages", "sentences")
    )
    return passages, sentences


def _lots(documents: Iterable[Article]) -> Iterator[list[Article]]:
    lot: list[Article] = []
    for document in documents:
        lot.append(document)
        if sum(len(entry.passages) for entry in lot) >= _AT_ONCE:
            yield lot
            lot = []
    if lot:
        yield lot


def _packed(passage: Passage) -> str:
    """Return ``passage`` as text; the link that most sentences share is written once."""
    links = list(dict.fromkeys(link for sentence in passage.sentences for link in sentence.links))
    stored = asdict(replace(passage, sentences=()))
    stored["links"] = [(link.title, link.url) for link in links]
    stored["sentences"] = [(line.text, [links.index(link) for link in line.links]) for line in passage.sentences]
    return json.dumps(stored, ensure_ascii=False)


def _unpacked(text: str) -> Passage:
    stored = json.loads(text)
    links = [_link(title, url) for title, url in stored.pop("links")]
    sentences = tuple(Sentence(line, tuple(links[place] for place in places)) for line, places in stored["sentences"])
    return Passage(**{**stored, "synonyms": tuple(stored["synonyms"]), "sentences": sentences})


@lru_cache(maxsize=65536)
def _link(title: str, url: str) -> Link:
    return Link(title, url)
