"""The companion's page: what each role sees, asks, keeps and loses."""

import pytest
from streamlit.testing.v1 import AppTest

from accounts import conversations, people
from accounts.permissions import Role
from rag import readiness
from rag.index import open_index
from tests.pages.conftest import OpenPage
from tests.rag.conftest import built_index, companion_home  # noqa: F401  the index, built once for all tests

pytestmark = pytest.mark.usefixtures("companion_home")
SIGNED_IN = [role for role in Role if role is not Role.VISITOR]


@pytest.fixture(autouse=True)
def _ready(companion_home: object, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Have the index open, so that no page waits and no thread outlives its test."""
    open_index()
    monkeypatch.setattr(readiness, "prepare", lambda: readiness.Readiness(ready=True))


def said(app: AppTest) -> str:
    """Everything written on the page."""
    assert not app.exception
    parts = [*app.markdown, *app.caption, *app.error, *app.title, *app.subheader]
    return "\n".join(str(part.value) for part in parts)


def ask(app: AppTest, question: str) -> AppTest:
    return app.chat_input[0].set_value(question).run()


def button(app: AppTest, label: str):
    return next(entry for entry in app.button if entry.label == label)


def labels(app: AppTest) -> list[str]:
    return [entry.label for entry in app.button]


@pytest.mark.parametrize("role", list(Role))
def test_every_role_may_ask_and_gets_sources_time_and_disclaimer(page: OpenPage, role: Role) -> None:
    app = page("chatbot", role)
    assert "not medical advice" in said(app)
    text = said(ask(app, "What are the symptoms of asthma?"))
    assert "wheezing, cough, a tight chest" in text
    assert "#source-0-1" in text
    assert "Extractive, word for word" in text
    assert "not medical advice" in text
    assert "What would you like to know?" not in text


def test_a_suggestion_is_asked_by_a_click(page: OpenPage) -> None:
    app = page("chatbot")
    app = button(app, "What are the signs of a stroke?").click().run()
    assert "The face may droop" in said(app)
    app = button(app, "How is stroke treated?").click().run()
    assert "dissolve the clot" in said(app)


def test_an_emergency_gives_a_red_card_without_waiting_for_the_index(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "prepare", lambda: readiness.Readiness())  # never becomes ready
    app = ask(page("chatbot"), "my husband has crushing chest pain")
    assert "This may be a heart attack" in app.error[0].value
    assert "112" in app.error[0].value


def test_a_question_overtaken_by_the_next_one_can_be_asked_again(page: OpenPage) -> None:
    app = page("chatbot")
    talk = app.session_state["companion"]
    talk.turns += [("What are the symptoms of asthma?", None), ("How is stroke treated?", None)]
    app.run()
    assert "Not answered, since the next question came first." in said(app)
    app = button(app, "Ask again").click().run()
    assert "wheezing, cough, a tight chest" in said(app)


def test_a_preparation_that_failed_is_said_in_a_sentence(page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "prepare", lambda: readiness.Readiness(error="The disk is full."))
    assert "The disk is full." in said(ask(page("chatbot"), "What is asthma?"))


def test_what_no_source_covers_is_said_so(page: OpenPage) -> None:
    assert "None of my sources answers this" in said(ask(page("chatbot"), "What is scurvy?"))


def test_markup_in_a_question_is_shown_as_text(page: OpenPage) -> None:
    text = said(ask(page("chatbot"), "<b>bold</b> ![x](http://evil.example/a.png) $x$"))
    assert r"\<b\>bold\</b\> !\[x\](http\://evil.example/a.png) \$x\$" in text


def test_a_visitor_is_told_that_nothing_is_kept_and_has_no_history(page: OpenPage) -> None:
    app = ask(page("chatbot"), "What is asthma?")
    assert "gone when you close or reload the page" in said(app)
    assert "New" in labels(app)
    assert not [entry for entry in app.button if str(entry.key).startswith("open-")]
    app = button(app, "New").click().run()
    assert "What would you like to know?" in said(app)


@pytest.mark.parametrize("role", SIGNED_IN)
def test_a_signed_in_person_finds_conversations_again_and_deletes_them(page: OpenPage, role: Role) -> None:
    ask(ask(page("chatbot", role), "What is asthma?"), "and how is it treated?")
    again = page("chatbot", role)
    assert "gone when you close" not in said(again)
    kept = next(entry for entry in again.button if str(entry.key).startswith("open-"))
    assert kept.label == "What is asthma?"
    opened = kept.click().run()
    assert "straight into the lungs" in said(opened)
    opened = ask(opened, "What about tests?")
    assert "Spirometry" in said(opened)
    delete = next(entry for entry in opened.button if str(entry.key).startswith("delete-"))
    gone = delete.click().run()
    assert "What would you like to know?" in said(gone)
    owner = next(person for person in people.demo_people() if person.role == role)
    assert conversations.conversations(owner.id) == []


def test_nobody_sees_the_conversation_of_who_was_signed_in_before(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components import gate

    app = ask(page("chatbot", Role.USER), "What is depression?")
    assert "What is depression?" in said(app)
    monkeypatch.setattr(gate, "_cookie", lambda: None)
    assert "depression" not in said(app.run()).replace("Depression", "")
