"""A document made of the passages of one text, and what reading a file gave."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from rag.article import Article, Link, Passage, Sentence
from rag.sources.split import passages

PREFACE = 4  # sentences of an introduction in which other names of a topic stand


@dataclass(frozen=True)
class Reading:
    """What a file holds: documents ready to be indexed, and how many were left out, by reason."""

    name: str
    kind: str
    documents: tuple[Article, ...]
    dropped: Mapping[str, int]


def document(
    source: str,
    record: str,
    kind: str,
    title: str,
    names: tuple[str, ...],
    parts: Sequence[tuple[str, Sequence[str]]],
    link: Link,
) -> Article:
    """Return a document cut into passages.

    Parameters
    ----------
    source : name of the file it stands in.
    record : its name within the file.
    kind : as of an article.
    title, names : its topic and other names of it.
    parts : heading and sentences of each part, in order.
    link : the page where all of it can be checked.
    """
    key = f"{source}:{record}"
    found: list[Passage] = []
    for heading, lines in parts:
        for run in passages(lines):
            said = tuple(Sentence(line, (link,)) for line in run)
            found.append(Passage(key, kind, title, heading, names, said, source, len(found) + 1))
    said_all = "\n".join(f"{passage.section}: {passage.text}" for passage in found)
    stamp = hashlib.sha256("\n".join((title, *names, *astuple(link), said_all)).encode()).hexdigest()
    return Article(key, kind, title, names, tuple(found), stamp)
