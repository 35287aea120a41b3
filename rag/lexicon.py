"""Words: which of them carry meaning, which a source knows, and how well a passage matches them (BM25)."""

import hashlib
import json
import math
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from rag.article import Passage
from rag.intent import plain

_STOP_WORDS = """
a about after all also always am an and any are as at bad be because been before being best both but by can could
did difference different do does doing done find for found from get gets getting give given go goes good got had has
have having he help helps her here him his how i if in into is it its just know let like long made make makes many
may me mean might more most much my no not now of often on one only or other our out over own people person she
should so some someone such take tell than that the their them then there these they thing this those to too up us
use used very was we what when where which while who why will with work works would you your
"""
_STOP = frozenset(_STOP_WORDS.split())


def content_words(text: str) -> list[str]:
    """Return the words of ``text`` that carry meaning, cut to their stem."""
    return [_stem(word) for word in re.findall(r"[a-z0-9]+", plain(text).replace("'s", "")) if word not in _STOP]


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    """Cut the commonest English endings, so that "wheezes" and "wheezing" meet; spelling tumor/tumour as one."""
    word = word.replace("aemi", "emi").replace("oes", "es").replace("our", "or")
    for ending in ("nesses", "ness", "ings", "ing", "ies", "ied", "ed", "es", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


_KIND_WORDS = frozenset(
    content_words(
        "symptoms signs sign symptom causes cause caused risk risks factors factor reasons tests test tested testing "
        "diagnose diagnosed diagnosis treat treated treatment treatments cure cured medicine therapy manage when see "
        "doctor doctors seek care emergency explain describe define overview meaning options common main typical early "
        "warning raises raise checked hereditary inherited genetic contagious catching dangerous serious fatal "
        "curable treatable prevent prevented prevention avoid spread happen happens start begin deal "
        "side effect effects result results mean purpose first aid"
    )
)


def own_words(question: str) -> set[str]:
    """Return the words of ``question`` that do more than ask for a kind of information, such as its symptoms."""
    return set(content_words(question)) - _KIND_WORDS


_KNOWN = "known.json"


def _stamp(ids: Sequence[str], texts: Sequence[str]) -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for part in (*ids, *texts):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


class Lexicon:
    """BM25 over passages (Lù, BM25S, 2024, https://arxiv.org/abs/2407.03618) and the words that they know.

    Parameters
    ----------
    passages : what is looked at.
    folder : where the index is kept for the next start, since making it takes seconds; None keeps nothing. It is made
        anew when the passages, or this file, are others.
    """

    def __init__(self, passages: Sequence[Passage], folder: Path | None = None) -> None:
        import bm25s

        self._ids = [passage.id for passage in passages]
        self._bm25: Any = bm25s.BM25()
        self._known: Counter[str] = Counter()  # in how many passages a word stands
        texts = [
            " ".join([*[passage.title] * 3, *passage.synonyms, passage.section, passage.text]) for passage in passages
        ]
        stamp = _stamp(self._ids, texts) if folder else ""
        if folder and self._read(folder, stamp):
            return
        tokens = [content_words(text) for text in texts]
        self._known = Counter(word for row in tokens for word in set(row))
        if self._known:
            self._bm25.index(tokens, show_progress=False)
            if folder:
                with suppress(OSError):  # a full disk makes the next start slower, and nothing else
                    self._write(folder, stamp)

    def _read(self, folder: Path, stamp: str) -> bool:
        import bm25s

        try:
            kept = json.loads((folder / _KNOWN).read_text(encoding="utf-8"))
            if kept["stamp"] != stamp:
                return False
            found = bm25s.BM25.load(str(folder), show_progress=False)
            if found.scores["num_docs"] != len(self._ids):
                return False
            self._bm25, self._known = found, Counter(kept["known"])
        except (OSError, ValueError, KeyError, TypeError, EOFError):  # none yet, or damaged
            return False
        return True

    def _write(self, folder: Path, stamp: str) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            self._bm25.save(str(beside), show_progress=False)
            (beside / _KNOWN).write_text(json.dumps({"stamp": stamp, "known": self._known}), encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def scores(self, words: list[str], most: int) -> dict[str, float]:
        """Return the ``most`` best passages that share words with the question; the best has 1."""
        words = [word for word in words if word in self._known]
        if not words:
            return {}
        found = self._bm25.get_scores(words)
        best = float(found.max())
        most = min(most, len(found))
        places = np.argpartition(-found, most - 1)[:most]
        return {self._ids[place]: float(found[place]) / best for place in places if found[place] > 0}

    def share(self, words: set[str], among: set[str]) -> float:
        """Return which part of ``words`` stands in ``among``; a rare word counts more (inverse document frequency)."""
        weight = {word: math.log((len(self._ids) + 1) / (self._known[word] + 0.5)) for word in words}
        whole = sum(weight.values())
        return sum(value for word, value in weight.items() if word in among) / whole if whole > 0 else 0.0

    def knows(self, word: str) -> bool:
        """Whether some passage has ``word``, whatever its ending; words that carry no meaning are known."""
        return all(stem in self._known for stem in content_words(word))

    def unknown_share(self, words: list[str]) -> float:
        """Return the share of ``words`` that stand in no passage; 1 when there are no words."""
        return sum(word not in self._known for word in words) / len(words) if words else 1.0
