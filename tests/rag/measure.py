"""Retrieval figures on the question set: ``python -m tests.rag.measure``.

The floor is chosen on the half ``tune``: the highest, in steps of .01, at which 95 of 100 answerable questions are
answered. Everything else is reported on the half ``report``, which no choice looked at. Passages of other articles that
answer a question as well stand in its ``also``. The questions were written by the authors of the corpus, so the figures
tell whether retrieval works, not how it does on strangers' questions.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from rag.index import Index, open_index
from rag.retrieve import WEIGHTS, search

QUESTIONS = Path(__file__).parent / "questions.jsonl"
KEEP = 0.95


@dataclass(frozen=True)
class Figures:
    """Shares of one half; ``topic`` and ``section`` are of the first passage, ``section_at_3`` of the first three."""

    answerable: int
    absent: int
    topic: float
    section: float
    section_at_3: float
    answered: float
    abstained: float
    floor: float


def measure(half: str, index: Index, floor: float = WEIGHTS.floor) -> tuple[Figures, list[float]]:
    """Return the figures of a half, and the best score of each of its answerable questions."""
    topic = section = at_3 = answered = abstained = 0
    scores: list[float] = []
    absent = 0
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        asked = json.loads(line)
        if asked["half"] != half:
            continue
        hits = search(asked["question"], 3, index=index).hits
        if not asked["topic"]:
            absent += 1
            abstained += hits[0].score < floor
            continue
        wanted = {f"{asked['topic']}/{section}" for section in asked["sections"]} | set(asked.get("also", ()))
        right = [hit.passage.id in wanted for hit in hits]
        topic += hits[0].passage.article in {key.partition("/")[0] for key in wanted}
        section += right[0]
        at_3 += any(right)
        answered += hits[0].score >= floor
        scores.append(hits[0].score)
    count = len(scores)
    shares = (value / count for value in (topic, section, at_3, answered))
    return Figures(count, absent, *shares, abstained / absent, floor), scores


def choose_floor(scores: list[float]) -> float:
    """Return the highest floor, in steps of .01, at which ``KEEP`` of the scores are answered."""
    return max(step / 100 for step in range(100) if sum(score >= step / 100 for score in scores) >= KEEP * len(scores))


if __name__ == "__main__":
    opened = open_index()
    chosen = choose_floor(measure("tune", opened)[1])
    for name in ("tune", "report"):
        print(name, measure(name, opened, chosen)[0])
