"""A CSV file of patients: checked cell by cell before anything is kept, and written again without losing a bit.

Nothing is guessed and nothing is mended: a value that its column does not allow is named with its row, and the file
is not taken until its owner has looked at it.
"""

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.intake.cells import advice, read_numbers
from data.intake.delimited import NotATable, Sheet, plain_name, read_sheet
from data.intake.problems import MOST_LISTED, Problem, Problems
from data.intake.rules import find_breaches, label_rule, label_words, rule, wanted
from data.table import Dataset, TableSchema

__all__ = ["SYNTHETIC", "Problem", "Report", "check_csv", "template_csv", "to_csv"]

SYNTHETIC = "synthetic"  # a column that generated files carry, so that their rows stay marked wherever they go
PREVIEW_ROWS = 20


@dataclass(frozen=True)
class Report:
    """What the check of a file found.

    Parameters
    ----------
    rows : patients in the file.
    problems : by row, those of the whole file first. When there are more than are listed, the last says how many.
    dataset : the rows, or None when there is any problem.
    preview : the first rows, as numbers when all is well, else as text.
    notes : sentences worth knowing that forbid nothing.
    sha256 : of the file.
    problem_count : all problems, also those that are not listed.
    """

    rows: int
    problems: tuple[Problem, ...]
    dataset: Dataset | None
    preview: pd.DataFrame
    notes: tuple[str, ...]
    sha256: str
    problem_count: int = 0


def check_csv(raw: bytes, schema: TableSchema, *, source: str, labelled: bool = True) -> Report:
    """Check a file against a task's schema; whatever it holds, this gives a report and raises nothing.

    Parameters
    ----------
    source : where the rows come from, in words, for the dataset.
    labelled : False for rows that a model shall answer: no label is asked for or read, and ``y`` is zeros.
    """
    sha256 = hashlib.sha256(raw).hexdigest()
    problems = Problems()
    try:
        sheet = read_sheet(raw, (*schema.names, schema.label))
    except NotATable as error:
        problems.whole_file(str(error))
        return Report(0, problems.listed(), None, pd.DataFrame(), (), sha256, problems.count)
    notes = list(sheet.notes)
    where = _find_columns(sheet, schema, labelled, problems, notes)
    if where and not sheet.rows:
        problems.whole_file("The file has column names and no rows under them; each further line holds one patient.")
    frame, synthetic = _read_frame(sheet, schema, where, problems)
    if problems.count:
        return Report(
            len(sheet.rows), problems.listed(), None, _text_preview(sheet), tuple(notes), sha256, problems.count
        )
    x = frame[list(schema.names)].to_numpy(dtype=np.float32)
    y = frame[schema.label].to_numpy(dtype=np.int64) if labelled else np.zeros(len(frame), dtype=np.int64)
    dataset = Dataset(x, y, source, synthetic)
    notes += _notes(dataset, schema, labelled)
    whole = dict.fromkeys(
        [*(c.name for c in schema.columns if c.kind != "number"), *([schema.label] * labelled)], "Int64"
    )
    preview = frame.head(PREVIEW_ROWS).set_axis(sheet.numbers[:PREVIEW_ROWS]).astype(whole)
    return Report(len(dataset), (), dataset, preview, tuple(notes), sha256)


def template_csv(schema: TableSchema, *, labelled: bool = True) -> bytes:
    """Return a file with the column names only, to be filled in."""
    return (",".join((*schema.names, schema.label) if labelled else schema.names) + "\n").encode()


def to_csv(dataset: Dataset, schema: TableSchema, *, labelled: bool = True) -> bytes:
    """Return the rows as a file that ``check_csv`` reads back to the same bits; synthetic rows are marked as such."""
    names = [*schema.names, *([schema.label] if labelled else []), *([SYNTHETIC] if dataset.synthetic else [])]
    lines = [",".join(names)]
    for values, label in zip(dataset.x, dataset.y, strict=True):
        cells = [_shortest(value) for value in values]
        cells += [str(label)] if labelled else []
        cells += ["1"] if dataset.synthetic else []
        lines.append(",".join(cells))
    return ("\n".join(lines) + "\n").encode()


def _shortest(value: np.float32) -> str:
    """Return the fewest digits that read back to the same 32-bit number; a gap for NaN."""
    if np.isnan(value):
        return ""
    whole = float(value).is_integer() and abs(value) < 2**24 and not (value == 0 and np.signbit(value))
    text = str(int(value)) if whole else str(value)
    return text if np.float32(float(text)) == value else repr(float(value))


def _find_columns(
    sheet: Sheet, schema: TableSchema, labelled: bool, problems: Problems, notes: list[str]
) -> dict[str, int]:
    """Return the place of each wanted column in the file, and name those that are missing or there twice."""
    required = {column.name: wanted(column) for column in schema.columns}
    if labelled:
        required[schema.label] = label_words(schema)
    places: dict[str, list[int]] = {}
    for place, name in enumerate(sheet.header):
        places.setdefault(plain_name(name), []).append(place)
    found = {name: places.pop(plain_name(name), []) for name in (*required, SYNTHETIC)}
    if not any(found.values()):
        problems.whole_file(_no_header(sheet, required))
        return {}
    spare = [sheet.header[place[0]] for name, place in places.items() if name and name != plain_name(schema.label)]
    for name, holds in required.items():
        if not found[name]:
            alike = difflib.get_close_matches(plain_name(name), spare, n=1, cutoff=0.7)
            hint = f' Is it the one called "{alike[0]}"? Then rename it.' if alike else ""
            problems.add(None, name, "", f"This column is missing; it holds {holds}.{hint}")
    for name, at in found.items():
        if len(at) > 1:
            problems.add(None, name, "", f"This column is there {len(at)} times; keep one of them.")
        elif at and sheet.header[at[0]] != name:
            notes.append(f'The column "{sheet.header[at[0]]}" was read as "{name}".')
    if spare:
        more = f" and {len(spare) - 5} more" if len(spare) > 5 else ""
        some = ", ".join(f'"{name[:40]}"' for name in spare[:5])
        notes.append(f"Not needed, so neither read nor kept: {some}{more}.")
    return {name: at[0] for name, at in found.items() if len(at) == 1}


def _no_header(sheet: Sheet, required: dict[str, str]) -> str:
    names = ", ".join(required)
    _, bad = read_numbers(sheet.header)
    if sheet.header and not bad.any():
        return f"The first line holds values; it must name the columns: {names}."
    return f"None of the columns that are needed was found in the first line; it must name them: {names}."


def _read_frame(
    sheet: Sheet, schema: TableSchema, where: dict[str, int], problems: Problems
) -> tuple[pd.DataFrame, bool]:
    """Return the numbers of the wanted columns and whether any row is marked synthetic."""
    width = len(sheet.header)
    whole: list[int] = []  # positions of the rows that are as long as the header
    for position, record in enumerate(sheet.rows):
        if len(record) == width or (len(record) > width and not any(cell.strip() for cell in record[width:])):
            whole.append(position)
        else:
            problems.add(
                sheet.numbers[position],
                None,
                f"{len(record)} cells",
                f"Every row must have {width} cells, as the first line has. Look for a separator too many or too few, "
                "or a decimal comma.",
            )
    columns = {column.name: column for column in schema.columns}

    def name_cell(position: int, name: str, why: str) -> None:
        column = columns.get(name)
        cell = sheet.rows[whole[position]][where[name]]
        sentence = rule(column, why) if column else _mark_rule(name, schema)
        problems.add(sheet.numbers[whole[position]], name, cell, sentence)

    values: dict[str, NDArray[np.float64]] = {}
    unreadable: dict[str, NDArray[np.bool_]] = {}
    for name, place in where.items():
        column = columns.get(name)
        cells = [sheet.rows[position][place] for position in whole]
        values[name], unreadable[name] = read_numbers(cells, column.missing if column else ())
        wrong = np.flatnonzero(unreadable[name])
        for at in wrong[:MOST_LISTED].tolist():
            name_cell(at, name, advice(cells[at]))
        problems.add_unlisted(len(wrong[MOST_LISTED:]))
    marks = values.pop(SYNTHETIC, np.zeros(0))
    unreadable.pop(SYNTHETIC, None)
    frame = pd.DataFrame(values, index=pd.RangeIndex(len(whole)))
    breaches, count = find_breaches(frame, schema, unreadable, MOST_LISTED)
    for breach in breaches:
        name_cell(*breach)
    problems.add_unlisted(count - len(breaches))
    return frame, bool(np.nansum(np.abs(marks)) > 0)


def _mark_rule(name: str, schema: TableSchema) -> str:
    if name == SYNTHETIC:
        return f'The column "{SYNTHETIC}" must be 1 for a generated row, and 0 or empty for a patient.'
    return label_rule(schema)


def _notes(dataset: Dataset, schema: TableSchema, labelled: bool) -> list[str]:
    notes = []
    if dataset.synthetic:
        notes.append("These rows are marked as synthetic and stay so: no patient is behind them.")
    gaps = np.isnan(dataset.x).sum(axis=0)
    some: Sequence[str] = [f"{name} in {gap}" for name, gap in zip(schema.names, gaps, strict=True) if gap]
    if some:
        notes.append(f"Missing values, of {len(dataset)} rows: {', '.join(some)}.")
    if labelled and len(set(dataset.y.tolist())) == 1:
        notes.append(
            f"Every row has {schema.label} = {dataset.y[0]}. A site with one class cannot train alone, but it can "
            "take part in a federation."
        )
    copies = len(dataset) - len(set(dataset.row_hashes))
    if copies:
        notes.append(f"{copies} of {len(dataset)} rows repeat the inputs of another row.")
    return notes


def _text_preview(sheet: Sheet) -> pd.DataFrame:
    names: list[str] = []
    for place, name in enumerate(sheet.header, 1):
        name = name or f"column {place}"
        names.append(name if name not in names else f"{name} ({place})")
    rows = [(record + [""] * len(names))[: len(names)] for record in sheet.rows[:PREVIEW_ROWS]]
    return pd.DataFrame(rows, columns=names, index=sheet.numbers[:PREVIEW_ROWS], dtype="str")
