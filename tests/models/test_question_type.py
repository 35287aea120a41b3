"""The questions and their types: who has which, what is on which side of the split, and in whose words."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from data.partition import hold_out, partition
from data.texts import unpack_texts
from fl.privacy.overlap import overlap
from models.__main__ import main
from models.contributed import check_file, sample_file
from models.predict_text import predict_texts
from models.registry import get_task
from models.tasks.medical_qa.records import plain
from models.tasks.question_type.records import LAY, Record, _together, records
from models.tasks.question_type.types import CLASSES, TYPE_OF
from models.tasks.question_type.wordings import KEPT_BACK, WORDINGS, in_other_words
from models.versions import register_shipped

TASK = get_task("question_type")
MOST_FREQUENT = 57 / 144  # of the lay questions ask what something is


def test_every_type_has_wordings_and_some_of_them_are_never_trained_on() -> None:
    assert tuple(WORDINGS) == CLASSES and set(TYPE_OF.values()) == set(CLASSES)
    for name, known in WORDINGS.items():
        assert len(set(known)) == len(known) > 2 * KEPT_BACK and all(each.count("{x}") == 1 for each in known)
        trained, kept = ({in_other_words(name, "X", n, calibrating=c) for n in range(50)} for c in (False, True))
        assert len(trained) + len(kept) == len(known) and not trained & kept


def test_what_shares_a_document_or_an_illness_stays_together() -> None:
    made = [
        Record("1-1-1", "What is gout?", "what it is", "Gout", "Institutes"),
        Record("1-1-2", "What causes gout?", "causes", "gout ", "Institutes"),
        Record("2-7-1", "Is GOUT inherited?", "inheritance", "GOUT", "Genetics"),
        Record("2-7-2", "What is pseudogout?", "what it is", "Pseudogout", "Genetics"),
        Record("2-8-1", "What is rickets?", "what it is", "Rickets", "Genetics"),
    ]
    whose = _together(made)
    assert len(set(whose[:4])) == 1 and whose[4] != whose[0]


def test_made_up_questions_are_marked_and_the_same_for_the_same_seed() -> None:
    made, again = TASK.generate(40, 3), TASK.generate(40, 3)
    assert made.synthetic and made.fingerprint == again.fingerprint != TASK.generate(40, 4).fingerprint
    assert all("disease type" in text for text in unpack_texts(made.x))


def test_a_contributed_file_of_questions_is_taken_by_the_names_of_the_types() -> None:
    rows, raw = sample_file(TASK, 30, 5)
    report = check_file(TASK, raw, source="t")
    assert report.dataset is not None and report.dataset.synthetic
    assert report.dataset.y.tolist() == rows.y.tolist() and report.dataset.row_hashes == rows.row_hashes
    wrong = check_file(TASK, b"text,label\nis gout painful,pain\n", source="t")
    assert wrong.dataset is None and "7 (tests)" in str(wrong.problems[0])


def test_no_document_and_no_illness_is_on_two_sides_and_sites_share_no_question(home: Path, datasets: Path) -> None:
    public, found = TASK.public(), records()
    assert len(public) == len(found) == 6308 and len({plain(each.question) for each in found}) == 6308
    sides: defaultdict[str, set[int]] = defaultdict(set)
    for each, part in zip(found, public.parts, strict=True):
        sides[each.document].add(int(part))
        sides[f"about {plain(each.thing)}"].add(int(part))
    assert all(len(parts) == 1 for parts in sides.values())
    rows = public.take(hold_out(public).training)
    parts = partition(rows, "natural", 3, 0)
    assert {name: len(index) for name, index in parts} == {"Institutes": 1382, "Genetics": 1705, "Health topics": 884}
    assert overlap([rows.take(index) for _, index in parts]) < 0.001


def test_only_what_is_held_out_is_all_in_the_words_of_the_source(home: Path, datasets: Path) -> None:
    public, found = TASK.public(), records()
    texts = unpack_texts(public.x)
    ours = np.array([text != each.question for text, each in zip(texts, found, strict=True)])
    assert not ours[public.parts == 2].any()
    assert 0.45 < ours[public.parts == 0].mean() < 0.55 and 0.4 < ours[public.parts == 1].mean() < 0.6
    for place in np.flatnonzero(ours):
        each = found[place]
        known = WORDINGS[each.type]
        some = known[-KEPT_BACK:] if public.parts[place] == 1 else known[:-KEPT_BACK]
        assert texts[place] in {wording.format(x=each.thing) for wording in some}


def test_questions_in_lay_words_have_the_type_of_their_record_and_what_they_ask_about_is_held_out(
    home: Path, datasets: Path
) -> None:
    with LAY.open(encoding="utf-8", newline="") as file:
        asked = {row["id"]: row for row in csv.DictReader(file)}
    types = {}
    for line in (datasets / "medquad" / "medquad.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        types[entry["id"]] = TYPE_OF[entry["qtype"]]
    assert len(asked) == 144
    assert {row["label"] == types[key] for key, row in asked.items()} == {True}
    written = Path(__file__).parent.parent / "rag" / "medquad_lay.jsonl"
    known = {(row["id"], row["question"]) for row in map(json.loads, written.read_text().splitlines())}
    assert {(key, row["text"]) for key, row in asked.items()} <= known
    documents = {key.rpartition("-")[0] for key in asked}
    public = TASK.public()
    for each, part in zip(records(), public.parts, strict=True):
        assert each.document not in documents or part == 2


@pytest.mark.slow
def test_the_shipped_champion_answers_a_question_and_is_scored_on_lay_words(
    home: Path, datasets: Path, tmp_path: Path
) -> None:
    register_shipped()
    asked = ["Does cystic fibrosis run in families?", "What are the symptoms of gout?", "is there a cure for lupus"]
    found = predict_texts(TASK, asked)
    assert [CLASSES[each.chosen] for each in found] == ["inheritance", "symptoms", "treatment"]
    assert found[0].answer == "It probably asks about inheritance." and len(found[0].chances) == len(CLASSES)

    assert main(["evaluate", "--task", "question_type", str(LAY), "--json", str(tmp_path / "lay.json")]) == 0
    lay = json.loads((tmp_path / "lay.json").read_text())
    assert lay["n"] == 144 and lay["training_rows_among_them"] == 0
    assert lay["intervals"]["accuracy"]["low"] > MOST_FREQUENT + 0.2
