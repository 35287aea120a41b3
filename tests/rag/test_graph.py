"""Names are recognised as people write them, facts join what a question names, and ECG findings lead into the graph."""

import json
from collections.abc import Sequence

import pytest

from rag import embedding
from rag.answer import Answer, answer
from rag.graph import facts_about
from rag.graph.connect import MOST_FACTS, SECTION, connect, kinds_asked
from rag.graph.link import nodes_named
from rag.graph.read import knowledge
from tests.rag.measure_graph import hops_found, questions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Are PVCs dangerous?", ["ventricular ectopic beats"]),
        ("my kidney-stones came back", ["kidney stones"]),
        ("Graves’ disease and the thyroid's size", ["Graves' disease", "thyroid gland"]),
        ("pulmonary hypertension, not hypertension", ["pulmonary hypertension", "high blood pressure"]),
        ("PE at school", ["pulmonary embolism"]),
        ("he is a bit ms. pe teacher", []),
        ("how to bake bread", []),
    ],
)
def test_names_are_found_longest_first_whatever_hyphen_plural_or_case(text: str, expected: Sequence[str]) -> None:
    assert list(nodes_named(text)) == expected


@pytest.mark.parametrize(
    ("label", "node"),
    [
        ("N", "normal beats"),
        ("normal", "normal beats"),
        ("supraventricular ectopic beats", "supraventricular ectopic beats"),
        ("V", "ventricular ectopic beats"),
        ("fusion beats", "fusion beats"),
        ("Q", "paced or unclassifiable beats"),
        ("atrial fibrillation", "atrial fibrillation"),
        ("ST elevation", "ST elevation"),
        ("long QT", "long QT"),
        ("heart block", "heart block"),
    ],
)
def test_what_an_ecg_model_says_leads_to_facts_with_their_pages(label: str, node: str) -> None:
    facts = facts_about(label)
    assert facts
    assert all(node in (fact.subject, fact.object) for fact in facts)
    assert all(fact.source.url.startswith("https://") for fact in facts)


def test_an_unknown_name_has_no_facts() -> None:
    assert facts_about("v") == ()
    assert facts_about("flux capacitor") == ()


def test_the_wording_tells_what_kind_of_thing_is_asked_for() -> None:
    assert "test" in kinds_asked("Which scan finds it?")
    assert "drug class" in kinds_asked("what tablets are there")
    assert kinds_asked("hello") == frozenset()


@pytest.mark.usefixtures("with_index")
def test_two_facts_in_a_row_are_found_from_one_end() -> None:
    asked = "What breathing test finds the disease that comes from dust at work?"
    found = connect(asked, embedding.embed([asked])[0])
    texts = [fact.text for fact in found.facts]
    assert found.joined
    assert len(texts) <= MOST_FACTS
    assert "Dust at work can raise the risk of COPD." in texts
    assert "Spirometry can help to find or follow COPD." in texts


@pytest.mark.usefixtures("with_index")
def test_facts_stand_in_the_answer_with_numbers_that_lead_to_their_pages() -> None:
    given = answer("What breathing test finds the disease that comes from dust at work?")
    known = {fact.text: fact.source.url for fact in knowledge().facts}
    of_graph = {source.number: source for source in given.sources if source.section == SECTION}
    told = [(text, numbers) for part in given.paragraphs for text, numbers in part if set(numbers) & of_graph.keys()]
    assert told
    for text, numbers in told:
        assert {of_graph[number].url for number in numbers} == {known[text]}
    assert Answer.from_json(json.loads(json.dumps(given.to_json()))) == given


@pytest.mark.usefixtures("with_index")
def test_a_question_about_one_thing_is_answered_by_its_article_alone() -> None:
    given = answer("What are the symptoms of asthma?")
    assert SECTION not in {source.section for source in given.sources}
    assert given.facts


@pytest.mark.usefixtures("with_index")
def test_an_ecg_finding_without_an_article_is_answered_from_the_graph() -> None:
    given = answer("What does a long QT interval mean?")
    assert not given.abstained
    assert given.text.startswith("A long QT interval means that the heart's electrical recovery takes longer")


@pytest.mark.usefixtures("with_index")
def test_a_condition_without_an_article_is_not_answered_with_a_similar_one() -> None:
    given = answer("What is lupus?")
    assert {source.topic for source in given.sources} == {"Lupus"}


def test_a_kept_answer_from_before_the_graph_still_opens() -> None:
    stored = Answer("Hello.").to_json()
    del stored["facts"]
    assert Answer.from_json(stored).facts == ()


def test_a_fact_counts_only_when_one_sentence_names_both_ends() -> None:
    asked = next(entry for entry in questions() if entry.question.startswith("How can snoring"))
    assert hops_found(asked, ["Sleep apnoea can cause snoring.", "Sleep apnoea can lead to stroke."]) == 2
    assert hops_found(asked, ["Sleep apnoea is common.", "Snoring is loud.", "A stroke is sudden."]) == 0


def test_there_are_enough_questions_and_their_facts_speak_of_nodes() -> None:
    asked = questions()
    assert len(asked) >= 60
    assert all(len(entry.hops) >= 2 for entry in asked)
    assert abs(len(questions("tune")) - len(questions("report"))) <= 1
    assert {name for e in asked for one, others in e.hops for name in (one, *others)} <= knowledge().nodes.keys()
