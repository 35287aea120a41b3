"""Rough English for a text in another language, word by word from ``gloss.toml``.

The encoder knows English only. A gloss ("my father has strong pain chest") is poor English, but enough to tell an
emergency from a question; what stands in English stays as it is.
"""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from rag.intent import plain, without_accents

WORDS_FILE = Path(__file__).parent / "gloss.toml"
ENGLISH_FILE = Path(__file__).parent / "english.txt"  # a text with many of these is English, whatever tables know
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_TELLING = 0.5  # share of the words that a table must know
_UNSPACED = re.compile(r"[぀-ヿ一-鿿가-힯]")  # written without spaces, or with endings stuck on


def gloss(text: str) -> str:
    """Return ``text`` in rough English when it is in one of the languages of the table, otherwise unchanged."""
    words = _WORD.findall(plain(text))
    if not words:
        return text
    english = sum(re.sub(r"'s$", "", word) in _english() for word in words)
    found = {language: table.pieces(words) for language, table in _tables().items()}
    best = max(found, key=lambda language: _known(found[language]))
    if _known(found[best]) <= english / len(words) or _known(found[best]) < _TELLING:
        return text
    return _said(found[best], text)


def gloss_of(text: str, language: str) -> str:
    """Return ``text`` in rough English by the table of ``language`` ("spanish"); empty when too little is known."""
    table, words = _tables().get(language), _WORD.findall(plain(text))
    pieces = table.pieces(words) if table and words else []
    return _said(pieces, text) if pieces and _known(pieces) >= _TELLING else ""


def word_of(word: str, language: str) -> str | None:
    """Return what ``word`` says in English by the table of ``language``; None when it is not there."""
    table = _tables().get(language)
    return table.find(word) if table else None


def _said(pieces: list[tuple[str, str | None]], text: str) -> str:
    said = [word if meaning is None else meaning for word, meaning in pieces]
    numbers = re.findall(r"\d+(?:[.,]\d+)?", text)
    return " ".join([part for part in said if part] + numbers)


def _known(pieces: list[tuple[str, str | None]]) -> float:
    return sum(meaning is not None for _, meaning in pieces) / len(pieces)


class _Table:
    """The words of one language; a stem ends in a star."""

    def __init__(self, entries: dict[str, str]) -> None:
        pairs = [(word, meaning) for meaning, words in entries.items() for word in words.split()]
        self._whole = {word: meaning for word, meaning in pairs if not word.endswith("*")}
        stems = {word[:-1]: meaning for word, meaning in pairs if word.endswith("*")}
        self._stems = {without_accents(stem): meaning for stem, meaning in stems.items()} | stems
        self._bare = {without_accents(word): meaning for word, meaning in self._whole.items()}

    def pieces(self, words: list[str]) -> list[tuple[str, str | None]]:
        """Return all pieces of ``words``, and what each says; None is unknown."""
        return [piece for word in words for piece in self.read(word)]

    def read(self, word: str) -> list[tuple[str, str | None]]:
        """Return the pieces of ``word`` and what each says; a text without spaces is cut at the longest words known."""
        if not _UNSPACED.search(word):
            return [(word, self.find(word))]
        pieces: list[tuple[str, str | None]] = []
        while word:
            known = next((word[:end] for end in range(len(word), 0, -1) if word[:end] in self._whole), None)
            pieces.append((known or word[0], self._whole.get(known) if known else None))
            word = word[len(known or word[0]) :]
        return pieces

    def find(self, word: str) -> str | None:
        """Return what ``word`` says in English, or None; accents may be left out."""
        for part in dict.fromkeys((word, word.split("'")[-1])):
            if part in self._whole:
                return self._whole[part]
            for end in range(len(part), 0, -1):  # the longest stem
                if part[:end] in self._stems:
                    return self._stems[part[:end]]
            if len(part) > 2 and part in self._bare:
                return self._bare[part]
        return None


@lru_cache
def _english() -> frozenset[str]:
    lines = ENGLISH_FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@lru_cache
def _tables() -> dict[str, _Table]:
    written = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return {language: _Table(entries) for language, entries in written.items()}
