"""From the text of a column's cells to numbers, and what would be right where a cell holds none."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_IS_NUMBER = re.compile(_NUMBER, re.ASCII)
_WITH_UNIT = re.compile(rf"({_NUMBER})\s*[^\d\s.,+\-eE][^\d]*", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([,' .\u00a0\u202f]\d{3})+([.,]\d+)?", re.ASCII)
_MISSING_WORDS = frozenset({"na", "n/a", "nan", "null", "none", "-", "--", ".", "?", "unknown", "missing", "#n/a"})
_PLAIN = frozenset("0123456789.+-eE")
_LONGEST = 60  # no measurement needs more; keeps a hostile cell from costing time or memory
_LARGEST = float(np.finfo(np.float32).max)


def read_numbers(cells: Sequence[str], missing: Sequence[str] = ()) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read a column.

    Parameters
    ----------
    cells : text of each cell; surrounding spaces do not count.
    missing : codes that mean "missing" besides an empty cell; a code that is a number means every way to write it.

    Returns
    -------
    (n,) values, NaN where missing or unreadable, and (n,) whether a cell is unreadable; ``advice`` says why.
    """
    words = [cell.strip() for cell in cells]
    codes = {"", *(word for word in missing if not _IS_NUMBER.fullmatch(word))}
    numeric_codes = [float(word) for word in missing if _IS_NUMBER.fullmatch(word)]
    given = [position for position, word in enumerate(words) if word not in codes]
    values = np.full(len(words), np.nan)
    bad = np.zeros(len(words), dtype=bool)
    at_once = _all_at_once([words[position] for position in given])
    if at_once is not None:
        values[given] = at_once
    else:
        for position in given:
            if _holds_number(words[position]):
                values[position] = float(words[position])
            else:
                bad[position] = True
    values[np.isin(values, numeric_codes)] = np.nan
    return values, bad


def _all_at_once(words: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the values of a clean column, many times quicker than cell by cell; None when any cell is not plain."""
    if not set().union(*words) <= _PLAIN or max(map(len, words), default=0) > _LONGEST:
        return None
    try:
        values = np.array(words, dtype=np.str_).astype(np.float64)
    except ValueError:
        return None
    return None if np.any(np.abs(values) > _LARGEST) else values


def _holds_number(word: str) -> bool:
    return len(word) <= _LONGEST and bool(_IS_NUMBER.fullmatch(word)) and abs(float(word)) <= _LARGEST


def advice(cell: str) -> str:
    """Return what would be right in place of the text of an unreadable cell."""
    word = cell.strip()
    if len(word) > _LONGEST:
        return "this is not a number"
    if _IS_NUMBER.fullmatch(word):
        return "this number is too large to be held"
    if word.casefold() in _MISSING_WORDS:
        return "leave the cell empty where the value is missing"
    if _DECIMAL_COMMA.fullmatch(word):
        if _THOUSANDS.fullmatch(word):
            return f"write {word.replace(',', '.')} or {word.replace(',', '')}: what the comma means is not clear"
        return f"write {word.replace(',', '.')} with a decimal point, not a comma"
    if _THOUSANDS.fullmatch(word):
        return "write the number without thousands separators and with a decimal point"
    with_unit = _WITH_UNIT.fullmatch(word)
    if with_unit:
        return f"write {with_unit.group(1)} alone, without the unit"
    if "inf" in word.casefold():
        return "infinity is no measurement"
    return "this is not a number"
