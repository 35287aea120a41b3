"""The companion's page takes a file of questions: what it refuses, how it answers, and what can be taken away."""

import csv
import io
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from accounts.allowance import allowance_of
from components import question_file
from components.question_file import MOST, FileAnswering
from rag.answer import Answer, TooManyQuestions
from rag.sheets import whole
from tests.pages.conftest import OpenPage
from tests.pages.words import texts

pytestmark = pytest.mark.usefixtures("home")


def said(question: str, **_: object) -> Answer:
    """Stand for the companion, which has tests of its own."""
    return Answer(f"About {question}", provider="Extractive")


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question_file, "answer", said)
    monkeypatch.setattr(question_file.readiness, "prepare", lambda: None)


def chosen(app: AppTest, text: str, name: str = "questions.txt") -> AppTest:
    return app.file_uploader(key="question_file_chosen").upload(name, text.encode(), "text/plain").run()


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert holds()


@pytest.mark.usefixtures("answered")
def test_a_file_is_answered_and_its_answers_can_be_taken_away(page: OpenPage) -> None:
    app = chosen(page("chatbot"), "What is gout?\nWhat is asthma?\n")
    assert "2 questions" in texts(app) and "Stays on this machine." in texts(app)
    app.button(key="question_file_start").click().run()
    going: FileAnswering = app.session_state["question_file"]
    wait_for(going.done.is_set)
    app = app.run()
    assert not app.exception
    assert "2 questions: 2 answered from sources." in texts(app) and "not for clinical use" in texts(app)
    assert list(app.dataframe[0].value["Answer"]) == ["About What is gout?", "About What is asthma?"]
    assert {"Answers (CSV)", "JSON Lines", "Markdown"} <= {button.label for button in app.get("download_button")}
    app.button(key="question_file_again").click().run()
    assert app.session_state["question_file"] is None


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("id,text\n1,What?\n", "questions.csv", "one column must be named"),
        ("What is gout?\n" * (MOST + 1), "questions.txt", f"has {MOST + 1} questions; at most {MOST}"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_a_sentence(page: OpenPage, text: str, name: str, why: str) -> None:
    app = chosen(page("chatbot"), text, name)
    assert why in app.error[0].value
    assert not [button for button in app.button if button.key == "question_file_start"]


def test_whoever_asks_many_questions_waits_as_for_any_others(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def busy(question: str, **_: object) -> Answer:
        asked.append(question)
        if len(asked) == 2:
            raise TooManyQuestions(0.05)
        return said(question)

    monkeypatch.setattr(question_file, "answer", busy)
    going = FileAnswering(None, ["one", "two"], "extractive", allowance_of(None, None))
    wait_for(going.done.is_set)
    assert asked == ["one", "two", "two"]
    assert [question for question, _ in going.answered] == ["one", "two"]


def test_stopping_keeps_what_was_answered_and_a_fault_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    going: list[FileAnswering] = []

    def then_stop(question: str, **_: object) -> Answer:
        wait_for(lambda: bool(going))
        going[0].stop()
        return said(question)

    monkeypatch.setattr(question_file, "answer", then_stop)
    going.append(FileAnswering(None, ["one", "two"], "extractive", allowance_of(None, None)))
    wait_for(going[0].done.is_set)
    assert len(going[0].answered) == 1 and going[0].stopped and not going[0].error

    def broken(question: str, **_: object) -> Answer:
        raise OSError(question)

    monkeypatch.setattr(question_file, "answer", broken)
    fault = FileAnswering(None, ["secret"], "extractive", allowance_of(None, None))
    wait_for(fault.done.is_set)
    assert fault.error == "It ended with an unexpected OSError; the rest was not answered."


def test_each_file_holds_every_answer_with_its_disclaimer() -> None:
    turns, at = [("=1+1", said("x")), ("What is gout?", said("gout"))], datetime(2026, 11, 26, tzinfo=UTC)
    rows = list(csv.DictReader(io.StringIO(whole(".csv", turns, at).decode())))
    assert [row["question"] for row in rows] == ["'=1+1", "What is gout?"]
    assert [json.loads(line)["number"] for line in whole(".jsonl", turns, at).splitlines()] == [1, 2]
    assert whole(".md", turns, at).decode().count("not for clinical use") == 2
