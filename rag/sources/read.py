"""Read any source file: an article in the form of ours, records, or a whole text."""

from pathlib import Path

from rag.article import ArticleError, read_article
from rag.sources.document import Reading
from rag.sources.records import read_records
from rag.sources.texts import READERS

SUFFIXES = (".jsonl", ".md", ".html", ".htm", ".pdf")
LARGEST = 200 * 1024 * 1024  # bytes of a file


def read_source(path: Path) -> Reading:
    """Return what ``path`` holds, cleaned and cut into passages.

    Raises
    ------
    ArticleError
        With one sentence that says what is wrong, and what would be right.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ArticleError(f"{path.name}: is none of {', '.join(SUFFIXES)}.")
    if path.stat().st_size > LARGEST:
        raise ArticleError(f"{path.name}: is larger than {LARGEST // 1024**2} MB; split it.")
    if suffix == ".jsonl":
        return read_records(path)
    if is_article(path):
        return Reading(path.name, "article", (read_article(path),), {})
    return READERS[suffix](path)


def is_article(path: Path) -> bool:
    """Whether ``path`` claims to be an article in the form of ours: Markdown that begins with front matter."""
    if path.suffix.lower() != ".md":
        return False
    with path.open("rb") as file:
        return file.read(16).lstrip(b"\xef\xbb\xbf").startswith(b"+++")
