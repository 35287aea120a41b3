"""Rough English for a text in another language, word by word from ``gloss.toml``.

The encoder knows English only. A gloss ("my father has strong pain chest") is poor English, but enough to tell an
emergency from a question; what stands in English stays as it is.
"""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from rag.intent import plain

WORDS_FILE = Path(__file__).parent / "gloss.toml"
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_TELLING = 0.5  # share of the words that a table must know
_ACCENTS = str.maketrans("áàâãäåéèêëíìîïóòôõöúùûüçñğşıłąęśćźżń", "aaaaaaeeeeiiiiooooouuuucngsilaesczzn")
_UNSPACED = re.compile(r"[぀-ヿ一-鿿가-힯]")  # written without spaces, or with endings stuck on
# Small English words: a text with these is English, though "die", "me" or "sir" stand in a table as well.
_ENGLISH_WRITTEN = """
the a an i i'm my me you your he she it we they his her their this that is are was were be been am has have had do
does did don't can't and or but of to for with on at from what how why when who which not just now if there so out
up like after before im ive hes shes whats thats wanna suicide suicidal overdosed chocking shocking today now help
please pls about would could should feel feels going get got some any really
"""
_ENGLISH = frozenset(_ENGLISH_WRITTEN.split())


def gloss(text: str) -> str:
    """Return ``text`` in rough English when it is in one of the languages of the table, otherwise unchanged."""
    words = _WORD.findall(plain(text))
    if not words:
        return text
    english = sum(re.sub(r"'s$", "", word) in _ENGLISH for word in words)
    found = {language: [piece for word in words for piece in table.read(word)] for language, table in _tables().items()}
    best = max(found, key=lambda language: _known(found[language]))
    if _known(found[best]) <= english / len(words) or _known(found[best]) < _TELLING:
        return text
    said = [word if meaning is None else meaning for word, meaning in found[best]]
    numbers = re.findall(r"\d+(?:[.,]\d+)?", text)
    return " ".join([part for part in said if part] + numbers)


def _known(pieces: list[tuple[str, str | None]]) -> float:
    return sum(meaning is not None for _, meaning in pieces) / len(pieces)


class _Table:
    """The words of one language; a stem ends in a star."""

    def __init__(self, entries: dict[str, str]) -> None:
        pairs = [(word, meaning) for meaning, words in entries.items() for word in words.split()]
        self._whole = {word: meaning for word, meaning in pairs if not word.endswith("*")}
        stems = sorted(((word[:-1], meaning) for word, meaning in pairs if word.endswith("*")), reverse=True)
        self._stems = [(stem, _bare(stem), meaning) for stem, meaning in stems]
        self._bare = {_bare(word): meaning for word, meaning in self._whole.items()}

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
            for stem, bare, meaning in self._stems:
                if part.startswith((stem, bare)):
                    return meaning
            if len(part) > 2 and part in self._bare:
                return self._bare[part]
        return None


def _bare(word: str) -> str:
    """Return ``word`` without accents, as it is typed in a hurry."""
    return word.translate(_ACCENTS)


@lru_cache
def _tables() -> dict[str, _Table]:
    written = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return {language: _Table(entries) for language, entries in written.items()}
