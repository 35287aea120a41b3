"""A CSV file of labelled texts, checked line by line: columns text and label, and synthetic for made-up ones."""

import csv
import hashlib
import io
from collections.abc import Sequence

import numpy as np
import pandas as pd

from data.intake.delimited import NotATable, plain_name, read_sheet
from data.intake.images import class_of, class_words
from data.intake.problems import Problems
from data.intake.table import PREVIEW_ROWS, SYNTHETIC, Report
from data.table import Dataset, Texts
from data.texts import NotAText, cleaned, pack_texts, unpack_texts

TEXT, LABEL = "text", "label"


def check_labelled_texts(
    raw: bytes, wanted: Texts, classes: Sequence[str], *, source: str, labelled: bool = True
) -> Report:
    """Check a file of texts; whatever it holds, this gives a report and raises nothing.

    Parameters
    ----------
    labelled : False for texts that a model shall answer: no label is asked for or read, and ``y`` is zeros.
    """
    sha256 = hashlib.sha256(raw).hexdigest()
    problems = Problems()
    try:
        sheet = read_sheet(raw, (TEXT, LABEL))
    except NotATable as error:
        problems.whole_file(str(error))
        return Report(0, problems.listed(), None, pd.DataFrame(), (), sha256, problems.count)
    names = [plain_name(name) for name in sheet.header]
    needed = (TEXT, LABEL) if labelled else (TEXT,)
    for name in needed:
        if names.count(name) != 1:
            problems.whole_file(f'The first line must name one column "{name}", and names {names.count(name)}.')
    if not problems.count and not sheet.rows:
        problems.whole_file("The file has column names and no rows under them; each further line holds one text.")
    texts, y, made_up = [], [], False
    for number, row in zip(sheet.numbers, sheet.rows, strict=True) if not problems.count else ():
        cells = dict(zip(names, row, strict=False))
        try:
            texts.append(cleaned(cells.get(TEXT, ""), wanted.kind))
        except NotAText as error:
            problems.add(number, TEXT, "", str(error))  # the text itself is nobody's business
        k = class_of(cells.get(LABEL, ""), classes) if labelled else 0
        if k is None:
            problems.add(number, LABEL, cells.get(LABEL, ""), f"A label must be one of {class_words(classes)}.")
        else:
            y.append(k)
        made_up |= cells.get(SYNTHETIC, "").strip() == "1"
    if problems.count:
        return Report(len(sheet.rows), problems.listed(), None, pd.DataFrame(), (), sha256, problems.count)
    dataset = Dataset(pack_texts(texts), np.array(y, dtype=np.int64), source, made_up)
    notes = [*sheet.notes, *(["These texts are marked as synthetic and stay so."] if made_up else [])]
    if copies := len(dataset) - len(set(dataset.row_hashes)):
        notes.append(f"{copies} of {len(dataset)} texts repeat another one.")
    shown = {TEXT: texts, **({LABEL: [classes[k] for k in y]} if labelled else {})}
    return Report(len(dataset), (), dataset, pd.DataFrame(shown).head(PREVIEW_ROWS), tuple(notes), sha256)


def to_csv(dataset: Dataset, classes: Sequence[str], *, labelled: bool = True) -> bytes:
    """Return texts as a file that ``check_labelled_texts`` reads; synthetic ones are marked as such."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([TEXT, *([LABEL] if labelled else []), *([SYNTHETIC] if dataset.synthetic else [])])
    for text, label in zip(unpack_texts(dataset.x), dataset.y, strict=True):
        writer.writerow([text, *([classes[label]] if labelled else []), *(["1"] if dataset.synthetic else [])])
    return out.getvalue().encode()
