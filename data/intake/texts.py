"""Questions and answers that a site contributes: JSON Lines or CSV, checked record by record."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from data.intake.delimited import MAX_BYTES, NotATable, plain_name, read_sheet
from data.intake.problems import Problems
from data.intake.table import PREVIEW_ROWS, SYNTHETIC, Report
from data.near_duplicates import nearly_the_same
from data.table import Dataset
from data.texts import WIDTH, pack, tidy, unpack

COLUMNS = ("question", "answer")
MOST_RECORDS = 200_000
LONGEST = {"question": 400, "answer": 20_000}  # letters
SHORTEST = {"question": 5, "answer": 10}
_COMPARED = 20_000  # records up to which near duplicates are looked for

Line = tuple[int, dict[str, str]]


def check_texts(raw: bytes, label: Callable[[str], int], *, source: str, filename: str = "") -> Report:
    """Check a file of questions and answers; whatever it holds, this gives a report and raises nothing.

    Parameters
    ----------
    label : gives the class of a question.
    filename : one that ends in .csv or .tsv is read as a table, else the first letter decides.
    """
    sha256, problems = hashlib.sha256(raw).hexdigest(), Problems()
    lines: Sequence[Line] = ()
    if len(raw) > MAX_BYTES:
        problems.whole_file(f"The file has more than {MAX_BYTES // 1_000_000} MB; give it in parts.")
    elif PurePosixPath(filename).suffix.lower() in (".csv", ".tsv") or raw.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] != b"{":
        lines = _table(raw, problems)
    else:
        lines = _json_lines(raw, problems)
    if not lines and not problems.count:
        problems.whole_file("There is no question in it.")
    if len(lines) > MOST_RECORDS:
        problems.whole_file(f"The file has {len(lines):,} records; {MOST_RECORDS:,} are the most.")
    pairs = [_checked(number, record, problems) for number, record in lines]
    frame = pd.DataFrame(pairs[:PREVIEW_ROWS], columns=list(COLUMNS))
    if problems.count:
        return Report(len(lines), problems.listed(), None, frame, (), sha256, problems.count)
    synthetic = any(str(record.get(SYNTHETIC, "")).strip().lower() in ("1", "true") for _, record in lines)
    y = np.array([label(question) for question, _ in pairs], dtype=np.int64)
    dataset = Dataset(pack(pairs), y, source, synthetic)
    return Report(len(dataset), (), dataset, frame, tuple(_notes(dataset, pairs)), sha256)


def to_json_lines(dataset: Dataset) -> bytes:
    """Return questions and answers as JSON Lines that ``check_texts`` reads; synthetic ones are marked as such."""
    marked = {SYNTHETIC: 1} if dataset.synthetic else {}
    lines = [{"question": question, "answer": answer, **marked} for question, answer in unpack(dataset.x)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def _table(raw: bytes, problems: Problems) -> list[Line]:
    try:
        sheet = read_sheet(raw, COLUMNS)
    except NotATable as error:
        problems.whole_file(str(error))
        return []
    places = {plain_name(name): place for place, name in enumerate(sheet.header)}
    if missing := [name for name in COLUMNS if name not in places]:
        problems.whole_file(f"The column {missing[0]} is missing; a file has the columns question and answer.")
        return []
    names = [name for name in (*COLUMNS, SYNTHETIC) if name in places]
    return [
        (number, {name: row[places[name]] if places[name] < len(row) else "" for name in names})
        for number, row in zip(sheet.numbers, sheet.rows, strict=True)
    ]


def _json_lines(raw: bytes, problems: Problems) -> list[Line]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        problems.whole_file("The file is no text in UTF-8.")
        return []
    found: list[Line] = []
    for number, line in enumerate((line for line in text.splitlines() if line.strip()), start=1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            found.append((number, record))
        else:
            problems.add(number, None, line, 'A line is a JSON object: {"question": "…", "answer": "…"}.')
    return found


def _checked(number: int, record: dict[str, str], problems: Problems) -> tuple[str, str]:
    """Return question and answer of a record, tidied; what is wrong with them is noted."""
    found = []
    for name in COLUMNS:
        value = record.get(name)
        if not isinstance(value, str):
            problems.add(number, name, "" if value is None else str(value), f"The {name} is text.")
            found.append("")
            continue
        text = tidy(value)
        low, high = SHORTEST[name], LONGEST[name]
        if not low <= len(text) <= high:
            problems.add(number, name, text, f"The {name} has {low} to {high:,} letters, not {len(text):,}.")
        found.append(text)
    return found[0], found[1]


def _notes(dataset: Dataset, pairs: Sequence[tuple[str, str]]) -> list[str]:
    notes = ["These records are marked as synthetic and stay so."] if dataset.synthetic else []
    notes.append("Names and other personal data in an answer would be learnt: leave them out.")
    cut = sum(len(f"{question}{answer}".encode()) >= WIDTH for question, answer in pairs)
    if cut:
        notes.append(f"{cut} of {len(pairs)} records are longer than {WIDTH:,} bytes; the rest of them is left out.")
    if len(pairs) <= _COMPARED and (copies := len({j for _, j in nearly_the_same([answer for _, answer in pairs])})):
        notes.append(f"{copies} of {len(pairs)} answers are nearly the same as an earlier one.")
    return notes
