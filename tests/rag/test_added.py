"""Records that were added: a question in lay words finds its record, one without an answer finds none."""

import json
from pathlib import Path

import pytest

from rag import embedding
from rag.added import Evidence, evidence_of, signs_of
from rag.index import Index, open_index
from rag.library import add
from rag.retrieve import search
from tests.rag.fit_confidence import IndexWithout

ILLNESSES = {
    "Gout": "Gout makes one joint, often the big toe, red, hot and very painful within hours, mostly at night.",
    "Shingles": "Shingles starts with burning pain on one side of the body and a band of blisters on the skin.",
    "Tinnitus": "People with tinnitus hear ringing, buzzing or hissing in the ears that has no source outside.",
    "Sleep Apnea": "Sleep apnea causes loud snoring, pauses in breathing at night and tiredness during the day.",
    "Scabies": "Scabies causes itching that is worse at night, with thin burrows between the fingers.",
    "Anemia": "Anemia makes people tired and pale and short of breath when they climb stairs.",
    "Glaucoma": "Glaucoma slowly takes sight from the edges of what the eye sees, without any pain.",
    "Appendicitis": "Appendicitis brings pain that moves from the navel to the lower right belly, with fever.",
    "Rosacea": "Rosacea makes the cheeks and the nose flush and shows small red bumps on the face.",
    "Vertigo": "With vertigo the room seems to spin, and nausea and unsteady walking come with it.",
    "Kidney Stones": "Kidney stones cause waves of severe pain in the flank, and blood in the urine.",
    "Celiac Disease": "Celiac disease causes diarrhea, bloating and weight loss after eating bread or pasta.",
}


def _ask(question: str, index: Index) -> Evidence:
    return evidence_of(question, index, signs_of(question, embedding.embed([question])[0], index))


@pytest.fixture
def index(companion_home: Path, tmp_path: Path) -> Index:
    lines = [
        {"id": f"{place}-1", "focus": title, "qtype": "symptoms", "answer": text}
        for place, (title, text) in enumerate(ILLNESSES.items())
    ]
    lines.append({"id": "20-1", "focus": "Gout", "qtype": "causes", "answer": "Crystals of uric acid cause gout."})
    file = tmp_path / "records.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    add([file])
    return open_index()


def test_what_is_told_in_lay_words_finds_its_record_and_what_no_record_knows_is_declined(index: Index) -> None:
    found = search(
        "my big toe is suddenly burning hot and hurts like mad at night", index=index, source="records.jsonl"
    )
    assert found.enough
    assert found.hits[0].passage.title == "Gout"
    for question in ("how long is a broken collarbone in a sling", "how do i change the oil of my car"):
        assert not search(question, index=index, source="records.jsonl").enough


def test_evidence_tells_a_topic_that_stands_out_from_many_that_are_equally_near(index: Index) -> None:
    clear, vague = _ask("toe red and hot at night, very painful", index), _ask("i do not feel well today", index)
    assert clear.lead > 0.3 > 0 > vague.lead
    assert (_ask("what is gout", index).agreed, clear.agreed) == (0.4, 0.2)  # of both records on gout, one is near
    assert (_ask("what is gout", index).named, clear.named) == (1, 0)


def test_in_a_small_library_nothing_stands_out_by_being_all_there_is(index: Index) -> None:
    apart = {passage.article for passage in index.added._passages if passage.title not in ("Gout", "Vertigo")}
    few = IndexWithout(index, apart)
    assert _ask("toe red and hot at night, very painful", few).lead > 0.3
    assert _ask("i hear ringing in my ears", few).lead < 0.1


def test_records_out_of_sight_are_found_neither_by_name_nor_by_words_nor_by_meaning(index: Index) -> None:
    apart = {passage.article for passage in index.added._passages if passage.title == "Tinnitus"}
    hidden = IndexWithout(index, apart)
    signs = signs_of("tinnitus: ringing and buzzing in the ears", embedding.embed(["tinnitus"])[0], hidden)
    found = [sign for key, sign in signs.items() if index.passages[key].article in apart]
    assert all(sign.passage == -1 and not sign.words and not sign.topic for sign in found)
    assert (_ask("tinnitus", hidden).unknown, _ask("tinnitus", index).unknown) == (1, 0)
