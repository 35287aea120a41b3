"""Emergencies, looked for before anything else: fixed text, no search and no language model.

Two judges. Patterns (``rules.py``) answer within a millisecond and need nothing. The classifier (``classifier.py``)
hears what no pattern foresees, and tells a story or a memory from what happens now. Its word counts; a pattern lowers
the score from which on it raises the alarm. While the sentence encoder is not loaded, a pattern is enough: a needless
red card costs a moment, a missed one may cost a life.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path

from rag import embedding
from rag.guardrails.gloss import gloss
from rag.guardrails.injection import is_attack
from rag.guardrails.rules import RedFlag, flags, seen_by_rules
from rag.intent import plain

TALK_FILE = Path(__file__).parent / "talk.txt"


def red_flag(text: str) -> RedFlag | None:
    """Return the emergency that ``text`` speaks of, or None.

    The first call of a process waits seconds for the sentence encoder; ``red_flag_at_once`` never waits.

    Parameters
    ----------
    text
        What a person wrote. It is looked at here and nowhere kept.
    """
    from rag.guardrails import classifier  # brings torch, which patterns alone do not need

    seen = seen_by_patterns(text)
    if seen is None and _is_plain_talk(text):
        return None  # the classifier learnt nothing like it, and guesses
    if seen is None and is_attack(text):
        return None  # orders to a model are unlike all that the classifier learnt, and nobody in need writes them
    kind = classifier.kind_of_emergency(text, suspected=seen is not None)
    if kind is None:
        return None
    return seen or flags()[kind]


def red_flag_at_once(text: str) -> RedFlag | None:
    """Return what can be said without waiting: patterns alone while the encoder is not loaded. None is no all-clear."""
    return red_flag(text) if embedding.is_loaded() else seen_by_patterns(text)


def seen_by_patterns(text: str) -> RedFlag | None:
    """Return the emergency that a pattern finds in ``text``, in English or in the rough English of other languages."""
    if flag := seen_by_rules(text):
        return flag
    english = gloss(text)
    return seen_by_rules(english) if english != text else None


def _is_plain_talk(text: str) -> bool:
    """Tell whether ``text`` as a whole is a line of ``talk.txt``, whatever its signs and capitals."""
    return _letters(text) in _talk()


@lru_cache
def _talk() -> frozenset[str]:
    lines = TALK_FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(_letters(line) for line in lines if not line.startswith("#"))


def _letters(text: str) -> str:
    """Return ``text`` in small letters without signs; vowels of Hindi and marks of other scripts stay."""
    kept = "".join(letter for letter in plain(text) if unicodedata.category(letter)[0] not in "PS")
    return " ".join(kept.split())
