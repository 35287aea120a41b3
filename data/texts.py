"""Questions and answers as rows of bytes: the form in which they are kept, encrypted and hashed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH = 1024  # bytes of a row; more than a language model is shown
_BETWEEN = b"\0"


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


def tidy(text: str) -> str:
    """Return text in one line, without what does not print."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _bytes(text: str) -> bytes:
    return tidy(text).encode("utf-8", errors="ignore")


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="ignore")  # the cut may go through a letter
