"""How well the shipped model tells what is asked: ``python -m tests.models.measure_question_type``.

Beside it stand the companion's rule (rag/record_intent.py) and the most frequent type, on the same questions: those
held out, as the institutes word them, and those in lay words of ``models/tasks/question_type/lay.csv``. The rule is
told the name of the illness, as the index tells the companion; where it finds nothing, it counts as saying "what it
is". Its patterns were written when the lay questions were there, so it may know them; the model saw none.
"""

import csv
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.texts import pack_texts, unpack_texts
from models.comparison import heldout_rows
from models.metrics import Interval, paired_differences, with_intervals
from models.registry import get_task
from models.stored import read_manifest, read_model
from models.tasks.question_type.records import LAY, records
from models.tasks.question_type.types import CLASSES, TYPE_OF
from rag.record_intent import record_sections_asked
from rag.sources.records import SECTION_OF

TASK = get_task("question_type")
_TYPE = {SECTION_OF[name]: CLASSES.index(ours) for name, ours in TYPE_OF.items()}

Chances = NDArray[np.float64]
Asked = tuple[list[str], list[str], NDArray[np.int64]]  # questions, what each is about, types


def lay() -> Asked:
    """Return the questions in lay words."""
    about = {each.id: each.thing for each in records()}
    with LAY.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    y = np.array([CLASSES.index(row["label"]) for row in rows])
    return [row["text"] for row in rows], [about.get(row["id"], "") for row in rows], y


def held_out() -> Asked:
    """Return the held-out questions that figures of the task are on."""
    about = {each.question: each.thing for each in records()}
    scored = set(heldout_rows(TASK).row_hashes)
    public = TASK.public()
    places = np.array([place for place, digest in enumerate(public.row_hashes) if digest in scored])
    texts = unpack_texts(public.x[places])
    return texts, [about[text] for text in texts], public.y[places]


def by_rule(questions: Sequence[str], things: Sequence[str]) -> Chances:
    """Return the rule's answers as chances of 0 and 1."""
    found = [
        record_sections_asked(question, [thing.lower()]) for question, thing in zip(questions, things, strict=True)
    ]
    chosen = [_TYPE[sections[0]] if sections else CLASSES.index("what it is") for sections in found]
    certain: Chances = np.eye(len(CLASSES))[chosen]
    return certain


def main() -> None:
    """Print the table, and the same as JSON."""
    model = read_model(TASK.folder, TASK, read_manifest(TASK.folder)["sha256"])
    for name, (questions, things, y) in {"held out": held_out(), "lay words": lay()}.items():
        ours = model.probability(TASK.encode(pack_texts(questions)))
        rule = by_rule(questions, things)
        usual: Chances = np.eye(len(CLASSES))[np.full(len(y), np.bincount(y).argmax())]
        print(f"{name}: {len(y)} questions")
        for who, chances in (("model", ours), ("rule", rule), ("most frequent type", usual)):
            scores = with_intervals(y, chances)
            print(f"  {who:20} accuracy {_said(scores['accuracy'])}  F1, mean over types {_said(scores['f1'])}")
        apart = paired_differences(y, ours, rule)
        print(f"  model minus rule     accuracy {_said(apart['accuracy'])}  F1, mean over types {_said(apart['f1'])}")
        sure = ours.max(axis=1)
        print(f"  calibration error    {_said(with_intervals(y, ours)['ece'])}  mean chance {sure.mean():.3f}")
        print(json.dumps({"set": name, "n": len(y), **{m: s.as_json() for m, s in with_intervals(y, ours).items()}}))


def _said(score: Interval) -> str:
    return f"{score.value:.3f} ({score.low:.3f} to {score.high:.3f})"


if __name__ == "__main__":
    main()
