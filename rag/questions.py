"""Questions from a file: a line each, a column of a table, or JSON Lines."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from rag.answer import LONGEST_QUESTION

SUFFIXES = (".txt", ".csv", ".jsonl")
_COLUMN = "question"


class QuestionsError(ValueError):
    """The file cannot be taken; the message is one sentence that says what, and in which line."""


def read_questions(raw: bytes, name: str) -> list[str]:
    """Return the questions of a file, in its order; lines without one are passed over.

    Parameters
    ----------
    raw : UTF-8. In .txt a line is a question, in .csv the column ``question`` (or the only one) holds them, in .jsonl
        every line is an object with ``question``.
    name : of the file; its ending says which of these it is.

    Raises
    ------
    QuestionsError
        When the file is none of these, holds no question, or one that is too long.
    """
    name = Path(name).name
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise QuestionsError(f"{name} must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise QuestionsError(f"{name} cannot be read as text in UTF-8.") from None
    read: Iterator[tuple[int, str]]
    if suffix == ".txt":
        read = enumerate(text.splitlines(), 1)
    else:
        read = _table(text, name) if suffix == ".csv" else _objects(text, name)
    questions = list[str]()
    for line, found in read:
        question = " ".join(found.split())
        if len(question) > LONGEST_QUESTION:
            too_long = f"the question has {len(question):,} characters; at most {LONGEST_QUESTION:,} can be read."
            raise QuestionsError(f"{name}, line {line}: {too_long}")
        if question:
            questions.append(question)
    if not questions:
        raise QuestionsError(f"{name} holds no question.")
    return questions


def _table(text: str, name: str) -> Iterator[tuple[int, str]]:
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    try:
        first = next(reader, [""])
        names = [cell.strip().lower() for cell in first]
        if _COLUMN not in names and len(names) != 1:
            raise QuestionsError(f'{name}, line 1: one column must be named "{_COLUMN}".')
        if _COLUMN in names:
            at = names.index(_COLUMN)
        else:  # a single column without a heading
            at = 0
            yield 1, first[0]
        for row in reader:
            yield reader.line_num, row[at] if at < len(row) else ""
    except csv.Error as error:
        raise QuestionsError(f"{name}, line {reader.line_num}: cannot be read as CSV ({error}).") from None


def _objects(text: str, name: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found = json.loads(line)[_COLUMN] if line.strip() else ""
        except (ValueError, KeyError, TypeError):
            found = None
        if not isinstance(found, str):
            raise QuestionsError(f'{name}, line {number}: must be a JSON object with "{_COLUMN}".')
        yield number, found
