"""Names, numbers, addresses and dates stay on the machine; illnesses, medicines and readings are not touched."""

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.guardrails.privacy import without_personal_data

HERE = Path(__file__).parent
CASES = [json.loads(line) for line in (HERE / "personal_data.jsonl").read_text().splitlines()]


def test_every_written_piece_of_personal_data_is_taken_out() -> None:
    left = [
        (secret, case["text"])
        for case in CASES
        for secret in case["secret"]
        if secret in without_personal_data(case["text"]).text
    ]
    assert left == []
    assert sum(len(case["secret"]) for case in CASES) >= 30


def test_medicines_illnesses_readings_and_ages_stay() -> None:
    lost = [
        (kept, case["text"])
        for case in CASES
        for kept in case["keep"]
        if kept not in without_personal_data(case["text"]).text
    ]
    assert lost == []


def test_questions_without_personal_data_go_out_as_they_are() -> None:
    lines = (HERE / "questions.jsonl").read_text().splitlines()
    asked = [json.loads(line)["question"] for line in lines if json.loads(line)["topic"]]
    assert [text for text in asked if without_personal_data(text).taken] == []


def test_the_preview_says_what_was_taken_and_where_and_can_put_it_back() -> None:
    text = "Maria has asthma. Call Maria on 0171 2345678 or write to m@example.org."
    preview = without_personal_data(text)
    assert preview.text == "[name 1] has asthma. Call [name 1] on [phone 1] or write to [mail 1]."
    assert [entry.kind for entry in preview.taken] == ["name", "name", "phone", "mail"]
    assert all(text[entry.start : entry.end] == entry.original for entry in preview.taken)
    assert preview.restore(preview.text) == text


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=120), st.emails(domains=st.just("example.org")))
def test_no_mail_address_survives_any_surrounding(text: str, mail: str) -> None:
    if mail.replace(".", "").replace("@", "").isalnum():
        assert mail not in without_personal_data(f"{text} {mail} {text}").text
