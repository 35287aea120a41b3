"""The right passage is found for lay questions, and a topic that is not there is not answered."""

import pytest

from rag.index import Index
from rag.intent import sections_asked, thing_asked_about, topics_named
from rag.retrieve import WEIGHTS, search
from tests.rag.measure import choose_floor, measure


@pytest.mark.slow
def test_on_the_half_that_no_choice_looked_at_nearly_every_question_finds_its_section(opened: Index) -> None:
    figures, _ = measure("report", opened)
    assert (figures.answerable, figures.absent) == (75, 25)
    assert figures.topic >= 0.95
    assert figures.section >= 0.93
    assert figures.section_at_3 >= 0.97
    assert figures.answered >= 0.93
    assert figures.abstained >= 0.93


def test_the_floor_is_the_one_that_the_tuning_half_gives(opened: Index) -> None:
    _, scores = measure("tune", opened)
    assert WEIGHTS.floor == pytest.approx(choose_floor(scores), abs=0.011)


@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("What are the symptoms of asthma?", "Symptoms"),
        ("how is it diagnosed", "Tests"),
        ("what sets off migraines", "Causes and risk factors"),
        ("How can I get rid of heartburn?", "Treatment"),
        ("when should I see a doctor about a cough", "When to seek care"),
        ("what is glaucoma", "Overview"),
    ],
)
def test_the_wording_tells_the_kind_of_information(question: str, section: str) -> None:
    assert sections_asked(question)[0] == section


@pytest.mark.parametrize(
    ("question", "kind", "section"),
    [
        ("side effects of statins", "drugs", "Side effects"),
        ("what are statins used for", "drugs", "Uses"),
        ("can I drink alcohol with antibiotics", "drugs", "Cautions"),
        ("how do beta blockers work", "drugs", "How they work"),
        ("what does a high TSH mean", "test", "What results mean"),
        ("is a CT scan dangerous", "test", "Risks and limits"),
        ("what happens in a colonoscopy", "test", "How it works"),
        ("how often is a mammogram needed", "test", "When it is done"),
        ("first aid for a burn", "first_aid", "What to do"),
        ("what should I not do when someone faints", "first_aid", "What not to do"),
        ("what are the signs of a concussion", "first_aid", "Signs"),
    ],
)
def test_the_same_wording_asks_for_the_sections_of_each_kind(question: str, kind: str, section: str) -> None:
    assert sections_asked(question, kind)[0] == section


def test_a_topic_is_known_by_its_lay_names(opened: Index) -> None:
    passages = opened.passages.values()
    assert set(topics_named("my sugar disease and my UTIs", passages)) == {
        "type_2_diabetes",
        "urinary_tract_infection",
    }
    assert topics_named("strokes of luck and fluid", passages).keys() == {"stroke"}


def test_a_complaint_leads_to_the_illness_rather_than_to_a_test_that_mentions_it(opened: Index) -> None:
    for question, article in (
        ("my chest feels tight when I walk uphill and goes away when I rest", "angina"),
        ("my ankles swell and I get out of breath lying flat", "heart_failure"),
    ):
        assert search(question, index=opened).hits[0].passage.article == article
    named = search("what happens in an echocardiogram", index=opened).hits[0].passage
    assert named.article == "echocardiogram"


def test_the_illness_a_question_is_about_is_read_from_its_form() -> None:
    assert thing_asked_about("What causes kidney stones?") == "kidney stones"
    assert thing_asked_about("prostate cancer treatment options") == "prostate cancer"
    assert thing_asked_about("my knees hurt") == ""


@pytest.mark.parametrize("question", ["?", "…", "的症状是什么", "x" * 900, "a b c", "<script>alert(1)</script>"])
def test_odd_questions_find_nothing_good_enough(question: str, opened: Index) -> None:
    assert not search(question, index=opened).enough
