"""Personal dosing, prescriptions, diagnoses and work outside health are declined; questions on health are not."""

import json
from pathlib import Path

import pytest

from rag.answer import LONGEST_QUESTION
from rag.guardrails.scope import out_of_scope

CASES = [json.loads(line) for line in (Path(__file__).parent / "scope.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("kind", ["dose", "prescription", "diagnosis", "task"])
def test_what_the_companion_does_not_do_is_declined_as_what_it_is(kind: str) -> None:
    asked = [case["text"] for case in CASES if case["kind"] == kind]
    refused = {text: out_of_scope(text) for text in asked}
    assert len(asked) >= 15
    assert [text for text, refusal in refused.items() if refusal is None] == []
    assert sum(refusal.kind == kind for refusal in refused.values() if refusal) >= 0.9 * len(asked)


def test_a_refusal_says_what_can_be_asked_instead() -> None:
    texts = {refusal.text for case in CASES if (refusal := out_of_scope(case["text"]))}
    assert len(texts) == 4
    assert all("I can" in text or "I answer" in text for text in texts)


def test_questions_on_health_are_never_declined() -> None:
    asked = [case["text"] for case in CASES if case["kind"] is None]
    asked += [
        json.loads(line)["question"]
        for line in (Path(__file__).parent / "questions.jsonl").read_text().splitlines()
        if json.loads(line)["topic"]
    ]
    assert len(asked) >= 100
    assert [text for text in asked if out_of_scope(text)] == []


def test_a_long_question_is_judged_quickly_whatever_it_holds() -> None:
    for text in ("how much " * 120, "a " * 500, "my my my " * 110, "?" * LONGEST_QUESTION):
        out_of_scope(text[:LONGEST_QUESTION])
