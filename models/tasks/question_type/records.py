"""MedQuAD's questions with their types, divided among three hospital-like sites.

MedQuAD (https://doi.org/10.1186/s12859-019-3119-4, CC BY 4.0) names the type of each question and the thing it is
about. All questions of one document, and all about one thing, are on one side of the split. What lay.csv asks about is
held out too.
"""

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from data.partition import hold_out
from data.public import public_file
from data.table import Dataset, IntArray
from data.texts import pack_texts, tidy
from models.tasks.medical_qa.records import MEDQUAD, plain
from models.tasks.question_type.types import CLASSES, TYPE_OF
from models.tasks.question_type.wordings import in_other_words

LAY = Path(__file__).with_name("lay.csv")  # questions in lay words, each written for a record of MedQuAD
_SITES = {"GHR": "Genetics", "GARD": "Genetics", "MPlusHealthTopics": "Health topics", "CDC": "Health topics"}
_SITES |= {"NIHSeniorHealth": "Health topics"}
_OTHERS = "Institutes"


@dataclass(frozen=True)
class Record:
    """A question, its type, the thing it is about, the document it is from, and the site that has it."""

    id: str
    question: str
    type: str
    thing: str
    hospital: str

    @property
    def document(self) -> str:
        """Return what the questions of one document have in common."""
        return self.id.rpartition("-")[0]


def records() -> list[Record]:
    """Return MedQuAD's questions; of those that read alike, apart from punctuation, the first.

    Raises
    ------
    data.public.DataMissing
        When the file is not here.
    """
    first: dict[str, Record] = {}
    for line in public_file(*MEDQUAD).decode("utf-8").splitlines():
        entry = json.loads(line)
        question, thing = tidy(entry["question"]), tidy(entry["focus"])
        hospital = _SITES.get(entry["source"], _OTHERS)
        first.setdefault(plain(question), Record(entry["id"], question, TYPE_OF[entry["qtype"]], thing, hospital))
    return list(first.values())


@cache
def dataset() -> Dataset:
    """Return the questions with their split; half of those that are not held out are put in other words."""
    found = records()
    whose = _together(found)
    y = np.array([CLASSES.index(each.type) for each in found], dtype=np.int64)
    as_worded = Dataset(
        pack_texts([each.question for each in found]),
        y,
        "MedQuAD (NIH), questions with their types; half of those trained or calibrated on in wordings of ours",
        natural_sites=tuple(each.hospital for each in found),
        groups=whose,
    )
    parts = _parts(as_worded, found)
    texts = [_worded(each, int(part)) for each, part in zip(found, parts, strict=True)]
    return replace(as_worded, x=pack_texts(texts), parts=parts)


def _together(found: Sequence[Record]) -> tuple[str, ...]:
    """Return for each record the name of all that share a document or a thing with it, directly or through others."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while (above := leader.setdefault(name, name)) != name:
            leader[name] = name = leader.setdefault(above, above)
        return name

    for each in found:
        leader[find(f"document {each.document}")] = find(f"thing {plain(each.thing)}")
    return tuple(find(f"document {each.document}") for each in found)


def _parts(rows: Dataset, found: Sequence[Record]) -> IntArray:
    """Return 0 to train on, 1 to calibrate on, 2 held out."""
    split = hold_out(rows)
    parts = np.zeros(len(rows), dtype=np.int64)
    parts[split.calibration], parts[split.heldout] = 1, 2
    with LAY.open(encoding="utf-8", newline="") as file:
        asked = {line["id"].rpartition("-")[0] for line in csv.DictReader(file)}
    assert rows.groups is not None
    lay = {group for group, each in zip(rows.groups, found, strict=True) if each.document in asked}
    parts[[group in lay for group in rows.groups]] = 2
    return parts


def _worded(record: Record, part: int) -> str:
    drawn = int.from_bytes(hashlib.sha256(record.question.encode()).digest()[:8], "big")
    if part == 2 or drawn % 2:
        return record.question
    return in_other_words(record.type, record.thing, drawn // 2, calibrating=part == 1)
