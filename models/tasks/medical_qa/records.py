"""The public questions and answers, divided among three hospital-like sites that share none.

MedQuAD (https://doi.org/10.1186/s12859-019-3119-4, CC BY 4.0) and Medical Meadow's WikiDoc patient information
(https://github.com/kbressem/medAlpaca, CC BY-SA 3.0). Sites follow the sources, and are as large as those of FED-MED.
An answer nearly the same as an earlier one is left out, whatever the source; questions that read alike, apart from
punctuation, are on the same side of the split.
"""

import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.near_duplicates import first_of_each
from data.public import public_file
from data.table import Dataset, IntArray
from data.texts import WIDTH, pack, tidy
from data.whole_file import write_whole
from models.tasks.medical_qa.kinds import kind_of
from settings import get_settings

SIZES = {"WikiDoc": 4520, "Genetics": 2521, "Institutes": 2959}  # records to train on
MEDQUAD = (
    "medquad/medquad.jsonl",
    "6dd2ad9ffc02b58f246ba35bc7ca6a7c9c4f50e6cb54234268cd22027a5a8677",
    "https://github.com/abachaa/MedQuAD",
)
_WIKIDOC = (
    "medalpaca_small/medical_meadow_small.json",
    "93bdc700b3fb802a66a9a5c1cc19572d0ca20ca392e35a50ad7648107cc3e89a",
    "https://github.com/kbressem/medAlpaca",
)
_GENETICS = ("GHR", "GARD")
SEEN = 448  # bytes of an answer that a model is shown, about; those alike up to there are alike to it
_SHORTEST = 20  # letters of an answer that says something
_ABOUT_ITSELF = "wikidoc"  # questions on the encyclopedia, not on health


Parts = tuple[NDArray[np.uint8], NDArray[np.str_], IntArray]  # (n, WIDTH) rows, (n,) hospitals, (n,) parts


@dataclass(frozen=True)
class Record:
    """A question with its answer, and the site that has it."""

    question: str
    answer: str
    hospital: str


def dataset() -> Dataset:
    """Return all records with their split: 0 to train on, 1 to calibrate on, 2 held out.

    Raises
    ------
    data.public.DataMissing
        When one of the two files is not here.
    """
    settings = get_settings()
    return _dataset(settings.datasets, settings.home)


@lru_cache(maxsize=2)
def _dataset(_datasets: Path | None, home: Path) -> Dataset:
    raw = public_file(*MEDQUAD), public_file(*_WIKIDOC)
    content = hashlib.sha256(b"".join(raw) + Path(__file__).read_bytes()).hexdigest()
    kept = home / "features" / f"medical-qa-{content[:32]}.npz"
    if not (found := _read(kept)):
        found = _divided(_all(*raw))
        out = io.BytesIO()
        np.savez_compressed(out, x=found[0], hospital=found[1], part=found[2])
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, out.getvalue())
    x, hospital, part = found
    questions = [row.tobytes().partition(b"\0")[0].decode(errors="ignore") for row in x]
    return Dataset(
        x,
        np.array([kind_of(question) for question in questions], dtype=np.int64),
        "MedQuAD (NIH) and WikiDoc patient information, questions with their answers",
        natural_sites=tuple(str(name) for name in hospital),
        groups=tuple(plain(question) for question in questions),
        parts=part,
    )


def _read(path: Path) -> Parts | None:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            x, hospital, part = arrays["x"], arrays["hospital"], arrays["part"]
    except (OSError, ValueError, KeyError, EOFError):
        return None
    return (x, hospital, part) if x.shape == (len(part), WIDTH) and len(hospital) == len(part) else None


def plain(question: str) -> str:
    """Return a question in small letters without punctuation, by which questions are the same."""
    return " ".join("".join(letter if letter.isalnum() else " " for letter in question.lower()).split())


def _all(medquad: bytes, wikidoc: bytes) -> list[Record]:
    """Return the records of both sources, in their order, each with something to say."""
    found = []
    for line in medquad.decode("utf-8").splitlines():
        entry = json.loads(line)
        hospital = "Genetics" if entry["source"] in _GENETICS else "Institutes"
        found.append(Record(tidy(entry["question"]), tidy(entry["answer"]), hospital))
    for entry in json.loads(wikidoc.decode("utf-8")):
        found.append(Record(tidy(entry["input"]).replace(" ?", "?"), tidy(entry["output"]), "WikiDoc"))
    return [
        each
        for each in found
        if each.question and len(each.answer) >= _SHORTEST and _ABOUT_ITSELF not in each.question.lower()
    ]


def _divided(records: Sequence[Record]) -> Parts:
    """Return the records that are kept, without near duplicates."""
    rows = pack([(each.question, each.answer) for each in records])
    shown = [row.tobytes().partition(b"\0")[2][:SEEN].decode(errors="ignore") for row in rows]
    index = first_of_each(shown)
    kept = [records[i] for i in index]
    return rows[index], np.array([each.hospital for each in kept]), np.array(_parts(kept), dtype=np.int64)


def _parts(records: Sequence[Record]) -> list[int]:
    """Return the part of each record: whole questions to training until a site has its size, the others in turn."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for place, each in enumerate(records):
        groups[plain(each.question)].append(place)
    hospitals = {name: {records[i].hospital for i in places} for name, places in groups.items()}
    # questions that several sites have can only be trained on: held out at one, they would be known from another
    order = sorted(groups, key=lambda name: (len(hospitals[name]) == 1, hashlib.sha256(name.encode()).digest()))
    room, others = dict(SIZES), dict.fromkeys(SIZES, 0)
    parts = [0] * len(records)
    for name in order:
        places = groups[name]
        hospital = records[places[0]].hospital
        if len(hospitals[name]) > 1 or len(places) <= room[hospital]:
            for place in places:
                room[records[place].hospital] -= 1
            continue
        others[hospital] += 1
        for place in places:
            parts[place] = 1 + others[hospital] % 2
    return parts
