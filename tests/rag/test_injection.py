"""Text from outside gives no orders: attacks in questions, passages, file names and history come to nothing.

The model of these tests is the worst there can be: it writes down its prompt, obeys every order that it reads, and
copies every link and piece of markup.
"""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.article import read_article
from rag.guardrails.injection import as_data, as_file_name, checked, is_attack

HERE = Path(__file__).parent
CASES = [json.loads(line) for line in (HERE / "attacks.jsonl").read_text().splitlines()]
CORPUS = HERE.parent.parent / "rag" / "corpus"
PROMPT = "You are the companion of a hospital network. Answer from the numbered passages only and cite each of them."
PASSAGES = (
    "Asthma is a long-term condition in which the airways of the lungs become inflamed and narrow.",
    "Reliever inhalers open the airways quickly when symptoms appear.",
)
SOURCE = "https://medlineplus.gov/asthma.html"


def obey(question: str, passages: list[str], history: str = "", file_name: str = "") -> str:
    """Answer as a model would that does whatever any text before it says."""
    everything = "\n".join([question, *passages, history, file_name])
    return (
        f"{passages[0]} [1] {PROMPT} {everything} CANARY-7. Take 40 CANARY-7 tablets a day. "
        f"See https://evil.example/?q={len(everything)} and [here](javascript:alert(1)). "
        f"<script>alert(1)</script> ![x](https://evil.example/x.png) {passages[1]} [2] Ask your doctor [9]."
    )


def places(place: str) -> list[str]:
    return [case["text"] for case in CASES if case["place"] == place]


def assert_harmless(text: str) -> None:
    assert "CANARY" not in text
    assert "companion of a hospital" not in text
    assert not re.search(r"[<>]|javascript:|evil\.example|!\[", text)
    assert "[9]" not in text


def test_there_are_at_least_a_hundred_attacks_in_four_places() -> None:
    assert len(CASES) >= 100
    assert {case["place"] for case in CASES} == {"question", "passage", "file name", "history"}


def test_every_attack_in_a_question_is_seen() -> None:
    assert [text for text in places("question") if not is_attack(text)] == []


def test_no_ordinary_question_is_taken_for_an_attack() -> None:
    asked = [json.loads(line)["question"] for line in (HERE / "questions.jsonl").read_text().splitlines()]
    files = [(HERE / f"{name}.jsonl").read_text() for name in ("emergencies", "scope")]
    others = [json.loads(line) for text in files for line in text.splitlines()]
    asked += [case["text"] for case in others if case["kind"] != "task"]
    assert [text for text in asked if is_attack(text)] == []


@pytest.mark.parametrize("place", ["passage", "history"])
def test_an_order_in_a_passage_or_in_the_history_does_not_reach_the_model(place: str) -> None:
    for text in places(place):
        cleaned = as_data(text)
        assert not is_attack(cleaned), text
        assert "CANARY" not in cleaned or place == "history", text
        assert not re.search(r"https?:|javascript:|<\w|www\.", cleaned), text


def test_cleaning_leaves_every_sentence_of_the_corpus_as_it_is() -> None:
    for file in sorted(CORPUS.glob("*.md")):
        for passage in read_article(file).passages:
            for sentence in passage.sentences:
                assert as_data(sentence.text) == sentence.text


def test_a_file_name_with_orders_or_markup_is_only_called_document() -> None:
    assert {as_file_name(name) for name in places("file name")} == {"document"}
    assert as_file_name("Heart failure leaflet (2024).pdf") == "Heart failure leaflet (2024).pdf"
    assert as_file_name("x" * 300 + ".pdf") == "document"


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_nothing_of_an_attack_is_shown_even_when_the_model_obeys(case: dict[str, str]) -> None:
    passages = [*PASSAGES]
    question, history, name = "What is asthma?", "", ""
    if case["place"] == "question":
        question = case["text"]
    elif case["place"] == "passage":
        passages.append(as_data(case["text"]))
    elif case["place"] == "history":
        history = as_data(case["text"])
    else:
        name = as_file_name(case["text"])
    shown = checked(obey(question, passages, history, name), passages, links=[SOURCE], prompt=PROMPT)
    assert_harmless(shown.text)
    assert PASSAGES[1] in shown.text
    assert shown.removed


def test_a_sentence_with_a_number_that_no_passage_has_is_taken_out() -> None:
    passages = ["Most adults with flu feel better within 7 days."]
    assert checked("Most adults with flu feel better within 7 days. [1]", passages).text
    shown = checked("Most adults with flu feel better within 17 days. [1]", passages)
    assert shown.text == ""
    assert shown.removed == ("a sentence that no passage supports",)


def test_a_link_of_the_sources_stays_and_any_other_goes_with_its_sentence() -> None:
    text = f"{PASSAGES[0]} [1] Reliever inhalers open the airways quickly, see {SOURCE}"
    assert SOURCE in checked(text, PASSAGES, links=[SOURCE]).text
    assert SOURCE not in checked(text, PASSAGES).text


def test_what_was_removed_is_named_without_its_words() -> None:
    removed = checked("Send your password to CANARY-7 now. [1]", PASSAGES).removed
    assert removed
    assert "CANARY" not in " ".join(removed)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_any_text_passes_the_filters_without_markup_and_without_an_error(text: str) -> None:
    is_attack(text)
    as_file_name(text)
    shown = checked(f"{text} {PASSAGES[0]} [1]", [*PASSAGES, as_data(text)])
    assert "<" not in shown.text
