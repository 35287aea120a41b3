"""Retrieval and abstention on MedQuAD: ``python -m tests.rag.measure_medquad FILE [--records N] [--questions N]``.

FILE is medquad.jsonl. Of its topics, one in ten by hash is taken out of the index, with every topic whose name holds
or is held by theirs: questions about these have no answer. Of the others, half the questions by hash are for choosing
weights (``tune``), the other half only for reporting (``report``). Questions themselves are never indexed. The lay
questions in medquad_lay.jsonl were written from the records by the authors, names of rare illnesses kept. The index
goes to MEDHIVE_HOME, which should be a folder of its own; embedding takes about a quarter of an hour on one core.
"""

import argparse
import hashlib
import json
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rag.graph.link import key
from rag.index import Index, open_index
from rag.library import add
from rag.retrieve import search
from rag.sources.names import other_names, title_of
from rag.sources.read import read_source
from settings import get_settings

LAY = Path(__file__).parent / "medquad_lay.jsonl"
_WIDE = 6  # topics that hold a word make it too wide to take out, such as "cancer"
Row = dict[str, str]


def drawn(text: str) -> int:
    """Return a number that depends on nothing but ``text``."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


class Names:
    """The names of the topics, and which topics go out of sight together: one name holds the other."""

    def __init__(self, rows: list[Row]) -> None:
        self._of: dict[str, set[str]] = {}
        for row in rows:
            topic = key(title_of(row["focus"]))
            self._of.setdefault(topic, {topic}).update(key(name) for name in other_names(row["focus"]))
        single = [topic for topic in self._of if len(topic.split()) == 1]
        self._wide = {topic for topic in single if sum(_holds(other, topic) for other in self._of) > _WIDE}

    def beside(self, chosen: set[str]) -> set[str]:
        """Return ``chosen`` and every topic that has to go with them."""
        wide = self._wide
        return chosen | {
            topic
            for topic, names in self._of.items()
            if any((_holds(n, c) and c not in wide) or (_holds(c, n) and n not in wide) for n in names for c in chosen)
        }


def _holds(whole: str, part: str) -> bool:
    return f" {part} " in f" {whole} "


def absent_topics(rows: list[Row]) -> tuple[set[str], set[str]]:
    """Return the topics that are drawn, and all that are taken out with them."""
    chosen = {key(title_of(row["focus"])) for row in rows if drawn("topic:" + row["focus"].lower()) % 10 == 0}
    return chosen, Names(rows).beside(chosen)


def share(right: list[bool]) -> str:
    """Return a share with its 95 % interval (Wilson)."""
    n, p, z = len(right), float(np.mean(right)) if right else 0.0, 1.96
    if not n:
        return "no question"
    middle, half = (p + z * z / 2 / n), z * float(np.sqrt(p * (1 - p) / n + z * z / 4 / n / n))
    return f"{p:.3f} ({(middle - half) / (1 + z * z / n):.3f} to {(middle + half) / (1 + z * z / n):.3f}), n {n}"


@dataclass
class Results:
    """What came of one set of questions, in their order; ``seconds`` of each search."""

    first: list[bool] = field(default_factory=list)
    five: list[bool] = field(default_factory=list)
    enough: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass
class Library:
    """MedQuAD without the topics taken out, in the index."""

    rows: list[Row]
    known: set[str]  # ids of the records that are in the index
    absent: set[str]  # topics that are drawn, and in no record of the index
    topic: dict[str, str]  # of each record
    source: str  # name of the file in the index
    index: Index

    def half(self, record: str) -> str:
        """Return "tune" or "report": what the question of a record may be used for."""
        return ("tune", "report")[drawn("question:" + record) % 2]


def library(file: Path, records: int = 10**9) -> Library:
    """Read MedQuAD; builds the index where it is missing."""
    rows: list[Row] = [json.loads(line) for line in file.read_text().splitlines()]
    absent, out = absent_topics(rows)
    topic = {row["id"]: key(title_of(row["focus"])) for row in rows}
    said = {document.key.partition(":")[2] for document in read_source(file).documents}
    inside = [row for row in rows if topic[row["id"]] not in out and row["id"] in said]
    inside = sorted(inside, key=lambda row: drawn("sample:" + row["id"]))[:records]
    source = get_settings().home / "medquad.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in inside))
    add([source], lambda done, total: print(f"\r{done} of {total}", end="", file=sys.stderr, flush=True))
    return Library(rows, {row["id"] for row in inside}, absent, topic, source.name, open_index())


def results(file: Path, records: int = 10**9, questions: int = 400) -> dict[str, Results]:
    """Return what a search finds, by the name of the set of questions; builds the index where it is missing."""
    read = library(file, records)
    known, absent, topic, index = read.known, read.absent, read.topic, read.index
    asked = {row["id"]: row["question"] for row in read.rows}
    lay = [json.loads(line) for line in LAY.read_text().splitlines()]

    def some(ids: list[str]) -> list[tuple[str, str]]:
        ids = sorted(ids, key=lambda i: drawn("set:" + i))[:questions]
        return [(asked[i], i) for i in ids]

    kinds = {"answerable": known, "absent": {i for i in asked if topic[i] in absent}}
    sets = {
        f"{name}, {kind}": some([i for i in asked if read.half(i) == kind and i in wanted])
        for kind in ("tune", "report")
        for name, wanted in kinds.items()
    }
    sets["answerable, lay words"] = [(row["question"], row["id"]) for row in lay if row["id"] in known]
    sets["absent, lay words"] = [(row["question"], row["id"]) for row in lay if topic[row["id"]] in absent]
    search("what is asthma", index=index, source=read.source)  # what is prepared once does not count
    found = {}
    for name, pairs in sets.items():
        found[name] = Results()
        for question, wanted_id in pairs:
            begun = time.perf_counter()
            given = search(question, 5, index=index, source=read.source)
            found[name].seconds.append(time.perf_counter() - begun)
            ids = [hit.passage.article.partition(":")[2] for hit in given.hits]
            found[name].first.append(ids[:1] == [wanted_id])
            found[name].five.append(wanted_id in ids)
            found[name].enough.append(given.enough)
    return found


def main() -> None:
    """Build the index where it is missing, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--records", type=int, default=10**9, help="index only so many, drawn by hash")
    parser.add_argument("--questions", type=int, default=400, help="of each set at most")
    chosen = parser.parse_args()
    for name, found in results(chosen.file, chosen.records, chosen.questions).items():
        if name.startswith("absent"):
            print(f"{name}: abstained {share([not value for value in found.enough])}")
        else:
            print(f"{name}: R@1 {share(found.first)}; R@5 {share(found.five)}; answered {share(found.enough)}")
        if found.seconds:
            print(f"  {1000 * float(np.percentile(found.seconds, 95)):.0f} ms at the 95th percentile")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB of memory at most")


if __name__ == "__main__":
    main()
