"""Answers are verbatim and cited, emergencies come first, and what no source says is not said."""

import json
import logging
from pathlib import Path

import pytest

from rag import answer as answers
from rag.answer import DISCLAIMER, Answer, QuestionError, answer
from rag.export import to_markdown
from rag.graph.read import knowledge
from rag.index import open_index

pytestmark = pytest.mark.usefixtures("with_index")


@pytest.mark.parametrize(
    "question", ["What are the symptoms of asthma?", "does salt raise blood pressure", "it burns when I pee"]
)
def test_every_sentence_is_verbatim_and_each_number_leads_to_its_passage(question: str) -> None:
    given = answer(question)
    lines = [line for paragraph in given.paragraphs for line in paragraph]
    sources = {source.number: source for source in given.sources}
    assert lines
    assert given.provider == "Extractive"
    assert list(sources) == list(range(1, len(sources) + 1))
    corpus = {line.text: line.links for passage in open_index().passages.values() for line in passage.sentences}
    corpus |= {fact.text: (fact.source,) for fact in knowledge().facts}
    for text, numbers in lines:
        assert {sources[number].url for number in numbers} == {link.url for link in corpus[text]}
        for number in numbers:
            assert text in [sources[number].passage[place] for place in sources[number].cited]
            assert f"[{number}]" in given.text


def test_a_question_for_a_section_gets_the_section_and_when_to_seek_care() -> None:
    given = answer("What are the symptoms of asthma?")
    assert given.topic == "Asthma"
    assert {source.section for source in given.sources} == {"Symptoms", "When to seek care"}
    assert "wheezing, cough, a tight chest" in given.text
    assert "How is asthma treated?" in given.follow_ups


def test_first_aid_is_told_to_its_last_step_and_with_when_to_call_for_help() -> None:
    given = answer("first aid for choking")
    assert "give up to five abdominal thrusts" in given.text
    assert "If the person becomes unconscious, begin CPR." in given.text
    assert "Call the emergency number" in given.text


def test_a_narrow_question_gets_the_sentence_that_answers_it() -> None:
    assert "Too much salt" in answer("does salt raise blood pressure").text
    assert "within a week or two" in answer("how long does the flu last").text
    assert "Dark-green leafy vegetables" in answer("which foods have a lot of iron").text


@pytest.mark.parametrize("question", ["what causes narcolepsy", "What is scurvy?", "who won the world cup in 2014"])
def test_what_no_source_covers_is_not_answered(question: str) -> None:
    given = answer(question)
    assert given.abstained
    assert given.sources == ()
    assert given.text.startswith("None of my sources answers this.")


def test_an_emergency_is_answered_before_anything_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "open_index", lambda *_: pytest.fail("the index was opened"))
    given = answer("My husband has crushing chest pain and is sweating")
    assert given.red_flag
    assert given.red_flag.kind == "heart"
    assert "112" in given.text
    assert given.seconds < 0.4


def test_who_says_that_nobody_is_in_danger_is_answered_but_for_suicide() -> None:
    asked = "my husband has crushing chest pain, what are the symptoms of a heart attack"
    assert answer(asked).red_flag
    given = answer(asked, nobody_in_danger=True)
    assert given.red_flag is None and given.topic == "Heart attack" and given.sources
    assert answer("i want to kill myself", nobody_in_danger=True).red_flag


def test_it_means_the_topic_of_the_last_question() -> None:
    history = [("What are the symptoms of asthma?", "Wheezing.")]
    assert answer("and how is it treated?", history).topic == "Asthma"
    assert answer("What about tests?", history).topic == "Asthma"
    assert answer("what causes narcolepsy?", history).abstained
    assert answer("it burns when I pee", history).topic == "Urinary tract infection"
    assert answer("how do I fix it? my bike is broken", history).abstained
    assert answer("how is it treated?").abstained


def test_a_greeting_is_not_searched_for() -> None:
    assert answer("Thanks!").provider == "Greeting"


@pytest.mark.parametrize(("question", "complaint"), [("  ", "empty"), ("a" * 1001, "1,001 characters")])
def test_an_empty_or_endless_question_is_refused_without_repeating_it(question: str, complaint: str) -> None:
    with pytest.raises(QuestionError, match=complaint) as caught:
        answer(question)
    assert "aaaa" not in str(caught.value)


@pytest.mark.parametrize("question", ["What is asthma?", "I have chest pain", "What is scurvy?"])
def test_an_answer_survives_json(question: str) -> None:
    given = answer(question)
    assert Answer.from_json(json.loads(json.dumps(given.to_json()))) == given
    assert given.disclaimer == DISCLAIMER


def test_nothing_of_a_question_reaches_a_log_or_the_disk(
    home: Path, built_index: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    answer("Does Zebulon Quartermain have asthma symptoms?")
    written = b"".join(
        path.read_bytes() for place in (home, built_index) for path in place.rglob("*") if path.is_file()
    )
    assert "quartermain" not in (caplog.text + "".join(capfd.readouterr())).lower()
    assert b"quartermain" not in written.lower()


def test_a_conversation_is_exported_with_its_sources() -> None:
    from datetime import UTC, datetime

    turns = [(text, answer(text)) for text in ("What is\nasthma?", "I have chest pain")]
    written = to_markdown([*turns, ("open", None)], datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert "## What is asthma?" in written
    assert "<https://medlineplus.gov/asthma.html>" in written
    assert "This may be a heart attack" in written
    assert "02 January 2026" in written
    assert written.rstrip().endswith("(not answered)")
