"""The card with the answer to one record."""

import json
from dataclasses import asdict, replace

import pytest
from streamlit.testing.v1 import AppTest

from components.contribution_bars import bars, what_counted_sentence
from components.result_card import percent
from models.predict import Contribution, Prediction
from models.registry import get_task

TASK = get_task("breast_cancer")


@pytest.fixture(autouse=True)
def _installation(home: object) -> None:
    """The card looks the version up."""


COUNTED = tuple(
    Contribution(f"c{i}", f"Input {i}", None if i == 1 else float(i), "mm", weight)
    for i, weight in enumerate([2.0, -1.5, 1.0, -0.5, *[0.01] * 12])
)
ANSWER = Prediction(
    task="breast_cancer",
    answer="Probably malignant.",
    chosen=1,
    positive=True,
    probability=0.934,
    low=0.87,
    high=0.97,
    threshold=0.5,
    contributions=COUNTED,
    version_id=3,
    version="version 3",
    sha256="ab" * 32,
    synthetic=False,
    warnings=("Close call.",),
)


def card_page() -> None:
    import streamlit as st

    from components.result_card import result_card

    result_card(st.session_state["prediction"], key="r", recorded=st.session_state["recorded"])


def card(prediction: Prediction, recorded: int | None = None) -> AppTest:
    app = AppTest.from_function(card_page, default_timeout=20)
    app.session_state["prediction"] = prediction
    app.session_state["recorded"] = recorded
    return app.run()


def texts(app: AppTest) -> str:
    return "\n".join(
        element.value for kind in (app.subheader, app.markdown, app.caption, app.warning) for element in kind
    )


def test_the_card_has_words_probability_interval_operating_point_version_and_caution() -> None:
    app = card(ANSWER)
    assert not app.exception
    seen = texts(app)
    for part in (
        "Probably malignant.",
        "93.4 %",
        "87 % to 97.0 %",
        "50 %",
        "version 3",
        "not for clinical use",
        "Close call.",
    ):
        assert part in seen


def test_an_answer_without_contributions_shows_no_chart() -> None:
    app = card(replace(ANSWER, contributions=()))
    assert not app.exception
    assert "Which inputs mattered" not in texts(app)


@pytest.mark.parametrize(
    ("recorded", "words"), [(1, "**malignant**. The model agrees"), (0, "**benign**. Here the model")]
)
def test_a_sample_says_what_its_record_says_and_whether_the_model_agrees(recorded: int, words: str) -> None:
    assert f"The record itself says {words}" in texts(card(ANSWER, recorded))


def test_a_model_trained_on_synthetic_data_says_so() -> None:
    assert "trained on synthetic data" in texts(card(replace(ANSWER, synthetic=True)))


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0, "under 0.1 %"),
        (0.0004, "under 0.1 %"),
        (0.034, "3.4 %"),
        (0.5, "50 %"),
        (0.934, "93.4 %"),
        (1.0, "over 99.9 %"),
    ],
)
def test_a_probability_is_never_written_as_certain(probability: float, words: str) -> None:
    assert percent(probability) == words


def test_the_chart_keeps_the_sum_by_adding_small_inputs_together() -> None:
    drawn = bars(COUNTED, TASK)
    assert len(drawn) == 11
    assert sum(bar.weight for bar in drawn) == pytest.approx(sum(c.weight for c in COUNTED))
    assert drawn[-1].name == "6 other inputs together"


def test_the_sentence_names_the_strongest_inputs_on_both_sides_and_says_when_one_was_missing() -> None:
    sentence = what_counted_sentence(COUNTED, TASK)
    assert sentence == (
        "Input 0 (0 mm) and Input 2 (2 mm) spoke most for malignant; Input 1 (not known) and Input 3 (3 mm) spoke most "
        "for benign."
    )


def test_a_record_that_is_typical_in_everything_is_said_to_be_so() -> None:
    flat = tuple(replace(c, weight=0.0) for c in COUNTED)
    assert not card(replace(ANSWER, contributions=flat)).exception
    assert "No input moved the answer" in what_counted_sentence(flat, TASK)


def test_the_answer_can_be_written_as_strict_json() -> None:
    assert json.loads(json.dumps(asdict(ANSWER), allow_nan=False))["version"] == "version 3"


def test_a_category_is_named_by_its_meaning() -> None:
    pain = Contribution("cp", "Chest pain", 1.0, "", -0.7)
    assert (
        what_counted_sentence([pain], get_task("heart_disease"))
        == "Chest pain (typical angina) spoke most for no significant narrowing."
    )


def test_a_refused_record_gets_the_reason_and_no_probability() -> None:
    app = card(replace(ANSWER, answer="The model does not answer.", refused="Unlike those it learned from."))
    assert not app.exception
    assert app.error[0].value == "Unlike those it learned from."
    assert "93.4 %" not in texts(app) and "not for clinical use" in texts(app)


def test_the_answer_can_be_had_as_a_page_of_pdf() -> None:
    from components.answer_pdf import answer_pdf

    for answer in (ANSWER, replace(ANSWER, refused="Unlike those it learned from.", contributions=())):
        made = answer_pdf(answer, TASK, "10 sites")
        assert made.startswith(b"%PDF") and len(made) > 1500
