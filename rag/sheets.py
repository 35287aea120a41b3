"""Answers to many questions as a file: JSON Lines, CSV or Markdown, whole after every answer."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

from rag.answer import Answer
from rag.export import turn
from rag.spreadsheet import safe_cell

COLUMNS = ("number", "question", "kind", "answer", "sources", "provider", "seconds", "notice", "disclaimer")

Add = Callable[[int, str, Answer], None]


def record(number: int, question: str, answer: Answer) -> dict[str, Any]:
    """Return a question and its answer as plain values; ``kind`` is answer, emergency or none."""
    return {
        "number": number,
        "question": question,
        "kind": "emergency" if answer.red_flag else "none" if answer.abstained else "answer",
        "answer": answer.text,
        "sources": [
            {"number": source.number, "title": source.title, "section": source.section, "url": source.url}
            for source in answer.sources
        ],
        "provider": answer.provider,
        "verbatim": answer.verbatim,
        "removed": answer.removed,
        "seconds": round(answer.seconds, 3),
        "notice": answer.notice,
        "disclaimer": answer.disclaimer,
    }


def in_words(records: Sequence[Mapping[str, Any]]) -> str:
    """Return how questions were answered."""
    counted = Counter(each["kind"] for each in records)
    words = {"answer": "answered from sources", "emergency": "told to call for help", "none": "not answered"}
    parts = ", ".join(f"{counted[kind]} {said}" for kind, said in words.items() if counted[kind])
    return f"{len(records)} question{'s' * (len(records) != 1)}: {parts}"


def whole(suffix: str, answered: Sequence[tuple[str, Answer]], at: datetime) -> bytes:
    """Return the file with that ending of all questions and their answers."""
    file = io.StringIO(newline="")
    add = SHEETS[suffix](file, at)
    for number, (question, answer) in enumerate(answered, 1):
        add(number, question, answer)
    return file.getvalue().encode()


def _json_lines(file: TextIO, _: datetime) -> Add:
    def add(number: int, question: str, answer: Answer) -> None:
        file.write(json.dumps(record(number, question, answer), ensure_ascii=False) + "\n")
        file.flush()

    return add


def _table(file: TextIO, _: datetime) -> Add:
    writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()

    def add(number: int, question: str, answer: Answer) -> None:
        row = record(number, question, answer)
        row["sources"] = "\n".join(
            f"[{source['number']}] {source['title']}: {source['url']}" for source in row["sources"]
        )
        writer.writerow({name: safe_cell(value) if isinstance(value, str) else value for name, value in row.items()})
        file.flush()

    return add


def _markdown(file: TextIO, at: datetime) -> Add:
    file.write(f"# Answers of the MedHive companion\n\n{at:%d %B %Y, %H:%M} UTC.\n")

    def add(number: int, question: str, answer: Answer) -> None:
        file.write(f"\n{turn(question, answer, heading=f'{number}. ')}\n\n{answer.disclaimer}\n")
        file.flush()

    return add


SHEETS: dict[str, Callable[[TextIO, datetime], Add]] = {".jsonl": _json_lines, ".csv": _table, ".md": _markdown}
