"""From the bytes of a file to a header and rows of text, or one sentence why it is no table."""

import codecs
import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass

MAX_BYTES = 64_000_000
MAX_ROWS = 1_000_000
MAX_COLUMNS = 10_000
_LONGEST_HEADER = 1_000_000  # characters
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_SAVE_AS = 'open it in its own program and save it as "CSV (UTF-8)"'
_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or ZIP archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old kind",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"{": "JSON",
    b"<": "HTML or XML",
}


class NotATable(Exception):
    """The file cannot be read as a table; the message is one sentence that says what would be right."""


@dataclass(frozen=True)
class Sheet:
    """A table of text.

    Parameters
    ----------
    header : column names as written, without surrounding spaces.
    rows : the rows that are not blank, as long as they are in the file.
    numbers : for each row, its number under the header, blank rows counted too, from 1.
    notes : what is worth knowing about how the file was read.
    """

    header: list[str]
    rows: list[list[str]]
    numbers: list[int]
    notes: list[str]


def plain_name(name: str) -> str:
    """Return a column name without what people vary: capitals, spaces, hyphens and dots."""
    return re.sub(r"[\s.\-]+", "_", name.strip().casefold())


def read_sheet(raw: bytes, expected: Collection[str]) -> Sheet:
    """Read a table separated by commas, semicolons, tabs or bars, whichever finds more of the ``expected`` names.

    Raises
    ------
    NotATable
        When it is empty, too large, binary, or its quotation marks do not match.
    """
    if len(raw) > MAX_BYTES:
        raise NotATable(
            f"The file has {len(raw) / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read at once. Split it."
        )
    text, notes = _decode(raw)
    text = text.lstrip("\r\n")
    if not text.strip(" \t\r\n;,|"):
        raise NotATable(
            "The file is empty. Its first line must name the columns, and each further line holds one patient."
        )
    said = re.match(r"sep=([,;|\t])\r?\n", text)  # Excel writes this first line to name the separator
    if said:
        text = text[said.end() :]
    delimiter = said.group(1) if said else _delimiter(text, expected)
    if delimiter != ",":
        notes.append(f"The columns are separated by {_DELIMITERS[delimiter]}.")

    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    number = 0
    try:
        header = [name.strip() for name in next(records, [])]
        if len(header) > MAX_COLUMNS:
            raise NotATable(f"The first line has {len(header)} columns; at most {MAX_COLUMNS} are read.")
        for number, record in enumerate(records, 1):
            if any(cell and not cell.isspace() for cell in record):
                rows.append(record)
                numbers.append(number)
                if len(rows) > MAX_ROWS:
                    raise NotATable(f"The file has more than {MAX_ROWS} rows. Split it.")
    except csv.Error as error:
        raise NotATable(
            f"Line {records.line_num} cannot be read ({error}); look for a quotation mark that is opened and not "
            "closed, or a very long cell."
        ) from None
    blank = number - len(rows)
    if blank:
        notes.append(f"{blank} blank {'row was' if blank == 1 else 'rows were'} passed over.")
    return Sheet(header, rows, numbers, notes)


def _decode(raw: bytes) -> tuple[str, list[str]]:
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if raw.startswith(mark):
            try:
                return raw.decode("utf-16"), ["The file is UTF-16 text, as Excel writes it; UTF-8 is more usual."]
            except UnicodeDecodeError:
                raise NotATable(f"The file is neither text nor a table: {_SAVE_AS}.") from None
    for start, kind in _FOREIGN.items():
        if raw.lstrip()[:8].startswith(start):
            raise NotATable(f"The file is {kind}, not a CSV table: {_SAVE_AS}.")
    if b"\0" in raw:
        raise NotATable(f"The file holds binary data, not a CSV table: {_SAVE_AS}.")
    notes = []
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
        notes.append("The file is not UTF-8; letters with accents were read as Western European.")
    odd = sum(text.count(chr(code)) for code in range(32) if chr(code) not in "\t\n\v\f\r")
    if odd > 0.01 * len(text):
        raise NotATable(f"The file holds binary data, not a CSV table: {_SAVE_AS}.")
    return text, notes


def _delimiter(text: str, expected: Collection[str]) -> str:
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    if len(first) > _LONGEST_HEADER:
        raise NotATable(f"The first line has {len(first)} characters; it must hold column names and nothing else.")
    wanted = set(map(plain_name, expected))

    def fit(delimiter: str) -> tuple[int, int]:
        names = [plain_name(name.strip(' "')) for name in first.split(delimiter)]
        return len(wanted.intersection(names)), len(names)

    return max(_DELIMITERS, key=fit)
