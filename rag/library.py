"""The companion's sources: what there is, and adding, removing and indexing files again.

A file that was added lies in HOME/corpus under its own name. Articles in the form of ours (``rag/article.py``) belong
together to one source; each other file is a source of its own.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rag.article import ArticleError
from rag.index import ARTICLES, CORPUS, bring_articles_up_to_date, lock
from rag.sources.document import Reading
from rag.sources.read import SUFFIXES, is_article, read_source
from rag.store import FORMAT, Cancelled, Entry, Progress, list_of, writing
from settings import get_settings


def _never() -> bool:
    return False


def sources() -> list[Entry]:
    """Return all sources, articles first; one whose file is there and not wholly indexed has ``complete`` False."""
    home = get_settings().home
    known = list_of(home)
    articles = known.pop(ARTICLES, Entry(ARTICLES, "article", "", len(list(CORPUS.glob("*.md"))), 0, {}, False, ""))
    for path in added_files():
        if not is_article(path):
            known.setdefault(path.name, Entry(path.name, path.suffix.lstrip("."), "", 0, 0, {}, False, ""))
    return [articles, *sorted(known.values(), key=lambda entry: entry.name)]


def added_files() -> list[Path]:
    """Return the files that were added, by name."""
    folder = get_settings().home / "corpus"
    return sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)


def files_in(path: Path) -> list[Path]:
    """Return the source files that ``path`` names: itself, or those of a folder.

    Raises
    ------
    ArticleError
        When there is none.
    """
    if not path.exists():
        raise ArticleError(f"{path} does not exist; name a file or a folder.")
    files = sorted(entry for entry in path.iterdir() if entry.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
    if not files:
        raise ArticleError(f"{path} holds no source file ({', '.join(SUFFIXES)}).")
    return files


def add(
    paths: Iterable[Path], progress: Progress | None = None, cancelled: Callable[[], bool] = _never
) -> list[Reading]:
    """Read files, keep them in HOME/corpus and index them; when one is wrong, none is kept.

    A file of the same name replaces the one before; only what changed in it is indexed again.

    Parameters
    ----------
    paths : files of the kinds in ``rag.sources.read.SUFFIXES``.
    progress : called with (documents done, documents to do), for each source anew.
    cancelled : asked between lots of passages; once true, a source that is new is removed again.

    Raises
    ------
    ArticleError
        When a file is wrong, or has the name of an article that comes with MedHive.
    Cancelled
        When ``cancelled`` said so.
    """
    paths = list(paths)
    readings = [read_source(path) for path in paths]
    shipped = {path.stem for path in CORPUS.glob("*.md")}
    for path, reading in zip(paths, readings, strict=True):
        if reading.kind == "article" and path.stem in shipped and path.resolve().parent != CORPUS:
            raise ArticleError(f"{path.name}: an article of this name comes with MedHive; choose another name.")
    folder = get_settings().home / "corpus"
    folder.mkdir(exist_ok=True)
    for path, reading in zip(paths, readings, strict=True):
        _keep(path, folder, reading)
        if reading.kind != "article":
            _index(reading, folder / path.name, progress, cancelled)
    with lock:
        bring_articles_up_to_date(get_settings().home, progress, cancelled)
    return readings


def remove(name: str) -> None:
    """Remove the file ``name`` and all that the index holds of it.

    Raises
    ------
    ArticleError
        When no such file was added.
    """
    home = get_settings().home
    path = _added(name)
    article = is_article(path)
    path.unlink()
    if article:
        bring_articles_up_to_date(home)
        return
    with writing(home) as store:
        store.forget(name)


def reindex(name: str, progress: Progress | None = None, cancelled: Callable[[], bool] = _never) -> Reading:
    """Read the file ``name`` again and embed all of it anew.

    Raises
    ------
    ArticleError
        When no such file was added, or it is wrong.
    Cancelled
        When ``cancelled`` said so; the source then stays in the list as not complete.
    """
    path = _added(name)
    reading = read_source(path)
    home = get_settings().home
    if reading.kind == "article":
        bring_articles_up_to_date(home, progress, cancelled)
        return reading
    with writing(home) as store:
        store.forget(name)
    _index(reading, path, progress, cancelled)
    return reading


def _added(name: str) -> Path:
    for path in added_files():
        if path.name == name:
            return path
    raise ArticleError(f"No source of the name {name} was added; see python -m rag sources.")


def _keep(path: Path, folder: Path, reading: Reading) -> None:
    target = folder / path.name
    comes_with_medhive = reading.kind == "article" and path.resolve().parent == CORPUS
    if not comes_with_medhive and path.resolve() != target.resolve():
        waiting = folder / f".{path.name}.new"
        waiting.write_bytes(path.read_bytes())
        waiting.replace(target)


def _index(reading: Reading, path: Path, progress: Progress | None, cancelled: Callable[[], bool]) -> None:
    home = get_settings().home
    stamp = hashlib.sha256(FORMAT.encode() + path.read_bytes()).hexdigest()
    with writing(home) as store:
        before = store.entries().get(reading.name)
        if before and before.stamp == stamp and before.complete:
            return
        entry = Entry(
            reading.name,
            reading.kind,
            stamp,
            len(reading.documents),
            _passages(reading),
            dict(reading.dropped),
            False,
            f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        )
        store.note(reading.name, entry)
        try:
            store.write(reading.name, reading.documents, progress, cancelled)
        except Cancelled:
            if before is None:
                path.unlink()
                store.forget(reading.name)
            raise
        store.note(reading.name, Entry(**{**vars(entry), "complete": True}))


def _passages(reading: Reading) -> int:
    return sum(len(document.passages) for document in reading.documents)


def counted(readings: Sequence[Reading]) -> tuple[int, int]:
    """Return how many documents and passages were read."""
    return sum(len(reading.documents) for reading in readings), sum(map(_passages, readings))
