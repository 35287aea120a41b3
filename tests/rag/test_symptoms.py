"""Symptoms: alarms first, possibilities that move with the answers, questions that tell most, no diagnosis, no dose."""

import math
import re

import pytest

from rag.index import CORPUS
from rag.symptoms.assess import ComplaintError, Opinion, assess
from rag.symptoms.complaint import symptoms_in
from rag.symptoms.reason import gain, next_question, posterior
from rag.symptoms.table import table
from rag.symptoms.urgency import Person

FLU = "since yesterday I have a fever, a bad cough and my muscles ache"
LABELS = {condition.label: name for name, condition in table().conditions.items() if condition.label}


def reads(**probabilities: float):
    """A model that says what it is told to."""
    rest = (1 - sum(probabilities.values())) / (len(LABELS) - len(probabilities))
    opinion = {label: probabilities.get(label, rest) for label in LABELS}
    return lambda text: Opinion(opinion, "symptoms, version 1")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I have a fever and I am coughing", {"fever": True, "cough": True}),
        ("my head hurts but I have no fever", {"headache": True, "fever": False}),
        ("I haven't been vomiting. My belly hurts", {"vomiting": False, "belly_pain": True}),
        ("a lovely day", {}),
    ],
)
def test_a_complaint_tells_what_is_there_and_what_is_not(text: str, found: dict[str, bool]) -> None:
    assert symptoms_in(text) == found


def test_probabilities_sum_to_one_and_move_with_the_answers() -> None:
    before = posterior({"cough": True}, {})
    after = posterior({"cough": True}, {"wheezing": True})
    assert math.isclose(sum(after.values()), 1)
    assert after["asthma"] > 2 * before["asthma"]
    assert posterior({"cough": True}, {"fever": False})["pneumonia"] < before["pneumonia"]


def test_the_next_question_is_the_one_that_tells_most_and_is_asked_once() -> None:
    chances = posterior({"fever": True}, {})
    first = next_question(chances, {"fever": True})
    assert first == max(table().symptoms, key=lambda n: 0 if n == "fever" else gain(chances, table().symptoms[n]))
    assert next_question(chances, {"fever": True, first: True}) != first
    assert next_question({"acne": 1.0}, {}) == ""


def test_an_emergency_in_words_comes_before_everything() -> None:
    found = assess("my chest hurts badly and it goes into my left arm", Person(), {})
    assert found.red_flag is not None
    assert (found.soon, found.question) == ("emergency", "")


@pytest.mark.parametrize(
    ("complaint", "who", "answers", "soon"),
    [
        ("the baby has a temperature", Person(age="baby"), {}, "emergency"),
        ("a headache and a fever", Person(), {"stiff_neck": True}, "emergency"),
        ("an itchy rash", Person(), {"swollen_face": True, "new_drug": True}, "emergency"),
        ("my belly hurts after meals", Person(strength="severe"), {}, "today"),
        ("a fever", Person(), {"travel": True}, "today"),
        ("a runny nose and sneezing", Person(strength="mild"), {}, "self-care"),
        ("a runny nose and sneezing", Person(lasting="months"), {}, "appointment"),
    ],
)
def test_how_soon_follows_signs_age_and_duration(
    complaint: str, who: Person, answers: dict[str, bool], soon: str
) -> None:
    assert assess(complaint, who, answers).soon == soon


def test_the_model_ranks_its_classes_answers_move_them_and_others_stand_apart() -> None:
    model = reads(Pneumonia=0.5, **{"Bronchial Asthma": 0.4})
    found = assess(FLU, Person(), {}, model=model)
    assert [p.name for p in found.possibilities[:2]] == ["pneumonia", "asthma"]
    assert found.possibilities[0].probability == pytest.approx(0.5, abs=0.01)
    assert found.version == "symptoms, version 1"
    assert "influenza" in {p.name for p in found.others}
    moved = assess(FLU, Person(), {"wheezing": True, "coloured_phlegm": False}, model=model)
    assert moved.possibilities[0].name == "asthma"
    assert any("Wheezing" in sign for sign in moved.possibilities[0].speaks_for)


def test_without_a_model_or_when_it_abstains_the_table_ranks_and_nothing_is_called_calibrated() -> None:
    for model in (None, lambda text: None):
        found = assess(FLU, Person(), {}, model=model)
        assert found.version == ""
        assert "influenza" in {p.name for p in found.possibilities[:3]}


def test_questions_end_and_there_is_always_more_than_one_possibility() -> None:
    answers: dict[str, bool] = {}
    for _ in range(20):
        found = assess("I feel unwell", Person(), answers)
        if not found.question:
            break
        assert found.question not in answers
        answers[found.question] = False
    assert not found.question
    assert len(found.possibilities) >= 2


@pytest.mark.parametrize(("complaint", "said"), [(" ", "few words"), ("x" * 1001, "1,001 characters")])
def test_a_complaint_that_cannot_be_taken_is_told_so(complaint: str, said: str) -> None:
    with pytest.raises(ComplaintError, match=said):
        assess(complaint, Person(), {})


def test_words_that_may_mean_an_emergency_warn_and_go_on() -> None:
    found = assess("my belly hurts", Person(strength="mild"), {})
    assert found.red_flag is None and found.maybe is not None
    assert found.soon in ("today", "emergency") and found.question


def test_an_answer_about_no_symptom_is_refused() -> None:
    with pytest.raises(ComplaintError, match="'moon'"):
        assess("a cough", Person(), {"moon": True})


def test_no_text_of_the_table_gives_a_dose_and_every_topic_is_an_article() -> None:
    for condition in table().conditions.values():
        assert not re.search(r"\b\d+ ?(mg|ml|g|tablets?|pills?|times a day)\b", condition.care)
        assert condition.source.url.startswith("https://medlineplus.gov/")
        assert not condition.topic or (CORPUS / f"{condition.topic}.md").is_file()
    assert set(LABELS) and all(len(condition.chances) > 1 for condition in table().conditions.values())
