"""Emergencies are seen in lay words; education, negation, the past and stories are not taken for one."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.guardrails import red_flag

CASES = [json.loads(line) for line in (Path(__file__).parent / "emergencies.jsonl").read_text().splitlines()]


def test_every_written_emergency_is_seen_as_what_it_is() -> None:
    seen = {case["text"]: red_flag(case["text"]) for case in CASES if case["kind"]}
    missed = [text for text, flag in seen.items() if flag is None]
    kinds = {case["text"]: case["kind"] for case in CASES}
    assert missed == []
    assert [text for text, flag in seen.items() if flag and flag.kind != kinds[text]] == []
    assert len(seen) >= 100


def test_no_look_alike_raises_the_alarm() -> None:
    calm = [case["text"] for case in CASES if not case["kind"]]
    assert [text for text in calm if red_flag(text)] == []
    assert len(calm) >= 100


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("no chest pain", None),
        ("no fever, but chest pain", "heart"),
        ("I HAVE CHEST PAIN!!!", "heart"),
        ("I can’t breathe", "breathing"),
        ("i cant breathe", "breathing"),
        ("Hello. What is asthma? My lips are turning blue.", "breathing"),
        ("what are the signs of a stroke", None),
        ("what are the signs of a stroke? my wife's face is drooping", "stroke"),
    ],
)
def test_negation_and_knowledge_hold_only_for_their_own_clause(text: str, kind: str | None) -> None:
    flag = red_flag(text)
    assert (flag.kind if flag else None) == kind


def test_every_red_flag_says_what_to_do_and_where_to_check_it() -> None:
    for case in CASES:
        if case["kind"]:
            flag = red_flag(case["text"])
            assert flag
            assert "112" in flag.advice or "116 123" in flag.advice
            assert flag.link.url.startswith("https://")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=1000))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    red_flag(text)
    red_flag(f"I have chest pain {text}")
