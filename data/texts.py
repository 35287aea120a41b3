"""Texts, and questions with answers, as rows of bytes: the form in which they are kept, encrypted and hashed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH = 1024  # bytes of a row; more than a language model is shown
_BETWEEN = b"\0"


class NotAText(ValueError):
    """A text cannot be taken; the message is one sentence and never repeats it."""


def pack(pairs: Sequence[tuple[str, str]]) -> NDArray[np.uint8]:
    """Return (n, WIDTH) rows of questions and answers; an answer is cut where the row ends."""
    rows = np.zeros((len(pairs), WIDTH), dtype=np.uint8)
    for row, (question, answer) in zip(rows, pairs, strict=True):
        text = _bytes(question)[: WIDTH // 2] + _BETWEEN + _bytes(answer)
        row[: min(len(text), WIDTH)] = np.frombuffer(text[:WIDTH], dtype=np.uint8)
    return rows


def unpack(rows: NDArray[np.uint8]) -> list[tuple[str, str]]:
    """Return the questions and answers of (n, WIDTH) rows."""
    found = []
    for row in rows:
        question, _, answer = row.tobytes().rstrip(_BETWEEN).partition(_BETWEEN)
        found.append((_text(question), _text(answer)))
    return found


def pack_texts(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Return (n, WIDTH) rows of texts that ``cleaned`` has taken."""
    rows = np.zeros((len(texts), WIDTH), dtype=np.uint8)
    for row, text in zip(rows, texts, strict=True):
        content = text.encode()
        row[: len(content)] = np.frombuffer(content, dtype=np.uint8)
    return rows


def unpack_texts(rows: NDArray[np.uint8]) -> list[str]:
    """Return the texts of (n, WIDTH) rows."""
    return [text for text, _ in unpack(rows)]


def cleaned(text: str, kind: str) -> str:
    """Return a text tidied.

    Parameters
    ----------
    kind : what it should be, in words with article.

    Raises
    ------
    NotAText
        When it holds no letters, or is too long for a row.
    """
    kept = _text(_bytes(text))
    if not any(letter.isalpha() for letter in kept):
        raise NotAText(f"There are no words in it; write {kind}.")
    if (size := len(kept.encode())) > WIDTH:
        raise NotAText(f"It has {size:,} bytes; {WIDTH:,} are the most.")
    return kept


def tidy(text: str) -> str:
    """Return text in one line, without what does not print."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _bytes(text: str) -> bytes:
    return tidy(text).encode("utf-8", errors="ignore")


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="ignore")  # the cut may go through a letter
