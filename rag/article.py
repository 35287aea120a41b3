"""One article of the corpus: one topic in our own words, each sentence with links where it can be checked.

An article is a Markdown file: TOML front matter between two lines ``+++`` (title, kind, synonyms, sources), then the
sections that ``SECTIONS`` gives its kind, in that order, one sentence a line, each ending with the numbers of its
sources: ``[1][3]``.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CARE = "When to seek care"
SECTIONS = {  # by the kind of article; the first kind is meant when the front matter names none
    "condition": ("Overview", "Symptoms", "Causes and risk factors", "Tests", "Treatment", CARE),
    "test": ("Overview", "When it is done", "How it works", "What results mean", "Risks and limits", CARE),
    "drugs": ("Overview", "Uses", "How they work", "Side effects", "Cautions", CARE),
    "first_aid": ("Overview", "Signs", "What to do", "What not to do", CARE),
}
LONGEST_SENTENCE = 260  # characters; longer ones are hard to read and to cite
_URL = re.compile(r"https://[a-z0-9.-]+\.[a-z]{2,}(/[A-Za-z0-9._~()%/-]*)?")
_SENTENCE = re.compile(r"(?P<text>.+[.?!]) (?P<marks>(\[\d+\])+)")
_KEY = re.compile(r"[a-z0-9_]{1,60}")


class ArticleError(ValueError):
    """A file is not an article; the message is one sentence with file and line."""


@dataclass(frozen=True)
class Link:
    """A public page where a fact can be checked."""

    title: str
    url: str


@dataclass(frozen=True)
class Sentence:
    """One fact and the pages that it can be checked on."""

    text: str
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Passage:
    """One section of an article: what is indexed, found and shown."""

    article: str
    kind: str
    title: str
    section: str
    synonyms: tuple[str, ...]
    sentences: tuple[Sentence, ...]
    source: str = ""  # the file that somebody added; empty for articles in the form of ours
    part: int = 0  # place within its document, from 1

    @property
    def id(self) -> str:
        """Name of the passage in the index, such as ``asthma/Symptoms`` or ``medquad.jsonl:7-0000017-7#1``."""
        return f"{self.article}#{self.part}" if self.part else f"{self.article}/{self.section}"

    @property
    def text(self) -> str:
        """The sentences, one after the other, without marks."""
        return " ".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True)
class Article:
    """A whole article; ``sha256`` is of its file and tells whether it changed."""

    key: str
    kind: str
    title: str
    synonyms: tuple[str, ...]
    passages: tuple[Passage, ...]
    sha256: str


def read_article(path: Path) -> Article:
    """Read and check the article in ``path``; its key is the file's name.

    Raises
    ------
    ArticleError
        With one sentence that says what is wrong in which line and what would be right.
    """
    key = path.stem
    if not _KEY.fullmatch(key):
        raise ArticleError(f"{path.name}: the name may have small letters, digits and underscores only.")
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        raise ArticleError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ArticleError(f"{path.name}: is not text in UTF-8.") from error
    lines = text.splitlines()
    try:
        end = lines.index("+++", 1) if lines[:1] == ["+++"] else 0
    except ValueError:
        end = 0
    if not end:
        raise ArticleError(f"{path.name}, line 1: front matter between two lines +++ is missing.")
    title, kind, synonyms, links = _front_matter("\n".join(lines[1:end]), path.name)
    sections = list(_sections(lines, end + 1, links, path.name))
    names = tuple(name for name, _ in sections)
    if names != SECTIONS[kind]:
        right = f"for the kind {kind} they must be {', '.join(SECTIONS[kind])}"
        raise ArticleError(f"{path.name}: the sections are {', '.join(names)}; {right}.")
    passages = tuple(Passage(key, kind, title, name, synonyms, sentences) for name, sentences in sections)
    return Article(key, kind, title, synonyms, passages, hashlib.sha256(raw).hexdigest())


def _front_matter(text: str, name: str) -> tuple[str, str, tuple[str, ...], tuple[Link, ...]]:
    try:
        front: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ArticleError(f"{name}: the front matter is not TOML ({error}).") from error
    title, synonyms, sources = front.get("title"), front.get("synonyms", []), front.get("sources", [])
    if not isinstance(title, str) or not title.strip():
        raise ArticleError(f"{name}: the front matter needs a title.")
    kind = front.get("kind", next(iter(SECTIONS)))
    if not isinstance(kind, str) or kind not in SECTIONS:
        raise ArticleError(f"{name}: the kind is {kind!r}; it must be one of {', '.join(SECTIONS)}.")
    if not isinstance(synonyms, list) or not all(isinstance(word, str) for word in synonyms):
        raise ArticleError(f"{name}: synonyms must be a list of texts.")
    if not isinstance(sources, list) or not sources:
        raise ArticleError(f"{name}: the front matter needs at least one [[sources]] with title and url.")
    links = []
    for number, source in enumerate(sources, 1):
        if not isinstance(source, dict) or not isinstance(source.get("title"), str):
            raise ArticleError(f"{name}: source {number} needs a title and a url.")
        if not _URL.fullmatch(str(source.get("url"))):
            raise ArticleError(f"{name}: the url of source {number} must be an https address without query.")
        links.append(Link(source["title"], source["url"]))
    return title.strip(), kind, tuple(synonyms), tuple(links)


def _sections(
    lines: list[str], start: int, links: tuple[Link, ...], name: str
) -> Iterator[tuple[str, tuple[Sentence, ...]]]:
    heading, sentences = "", list[Sentence]()
    for number, line in enumerate(lines[start:], start + 1):
        if line.startswith("## "):
            if heading:
                yield heading, tuple(sentences)
            heading, sentences = line[3:].strip(), []
        elif line.strip():
            if not heading:
                raise ArticleError(f"{name}, line {number}: text before the first section.")
            sentences.append(_sentence(line.strip(), links, f"{name}, line {number}"))
    if heading:
        yield heading, tuple(sentences)


def _sentence(line: str, links: tuple[Link, ...], where: str) -> Sentence:
    match = _SENTENCE.fullmatch(line)
    if not match:
        raise ArticleError(f"{where}: a sentence must end with a full stop and its sources, such as [1].")
    if len(match["text"]) > LONGEST_SENTENCE:
        raise ArticleError(f"{where}: the sentence is longer than {LONGEST_SENTENCE} characters.")
    numbers = [int(number) for number in re.findall(r"\d+", match["marks"])]
    if bad := [number for number in numbers if not 1 <= number <= len(links)]:
        raise ArticleError(f"{where}: there is no source [{bad[0]}]; the front matter lists {len(links)}.")
    return Sentence(match["text"], tuple(links[number - 1] for number in dict.fromkeys(numbers)))
