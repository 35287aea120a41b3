"""The companion's page: what each role sees, asks, keeps and loses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from accounts import conversations, opinions, people
from accounts.permissions import Role
from components import picture_talk
from components.answering import Answering
from components.picture_talk import Look
from models.registry import get_task
from models.versions import register_shipped
from rag import embedding, readiness
from rag.answer import Answer, HiveResult
from rag.index import open_index
from settings import get_settings
from tests.models.test_route_picture import png
from tests.pages.conftest import OpenPage
from tests.rag.conftest import built_index, opened, with_index  # noqa: F401  the index, built once for all tests
from tests.rag.groq_stub import Behaviour, Stub, groq_stub, refuses, says
from tests.rag.test_groq import GOOD

pytestmark = pytest.mark.usefixtures("with_index")
SIGNED_IN = [role for role in Role if role is not Role.VISITOR]


@pytest.fixture(autouse=True)
def _ready(with_index: object, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Have the index open, so that no page waits and no thread outlives its test."""
    embedding.load()
    open_index()
    picture_talk.kinds.clear()
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


def keyed(app: AppTest, begins: str):
    return next(entry for entry in app.button if str(entry.key).startswith(begins))


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


def test_below_a_red_card_one_may_say_that_nobody_is_in_danger_but_for_suicide(page: OpenPage) -> None:
    app = ask(page("chatbot"), "my husband has crushing chest pain, what are the symptoms of a heart attack")
    assert app.error
    app = button(app, "Nobody is in danger now: answer it").click().run()
    talk = app.session_state["companion"]
    assert len(app.error) == 1 and len(talk.turns) == 2 and "Nobody is in danger now: answer it" not in labels(app)
    assert talk.turns[1][1].topic == "Heart attack" and not talk.calm
    app = button(app, "Again").click().run()
    assert len(app.error) == 1 and app.session_state["companion"].turns[1][1].topic == "Heart attack"

    app = ask(app, "i want to kill myself")
    assert len(app.error) == 2 and "Nobody is in danger now: answer it" not in labels(app)


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


LOOK = Look(
    (HiveResult("Pneumonia", ("Pneumonia is likely.", "Probability of pneumonia: 97.0 %."), "pneumonia v1"),),
    "How is pneumonia treated?",
)


def attach(app: AppTest, text: str | None = None) -> AppTest:
    return app.chat_input[0].set_value(text).upload("x.png", b"a picture", "image/png").run()


def test_an_attached_picture_gets_the_word_of_its_model_and_an_explanation_with_sources(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_shipped()
    seen: list[bytes] = []
    monkeypatch.setattr(picture_talk, "look_at", lambda raw: seen.append(raw) or LOOK)
    app = attach(page("chatbot", Role.USER))
    text = said(app)
    assert seen == [b"a picture"]
    assert "What does this picture show?" in text
    assert "Model Hive · Pneumonia" in text and "Probability of pneumonia: 97.0 %." in text
    assert "not kept" in text and "ot for clinical use" in text
    assert "antibiotic" in text.lower() and "#source-0-1" in text
    assert "Again" not in labels(app)
    again = page("chatbot", Role.USER)
    kept = next(entry for entry in again.button if str(entry.key).startswith("open-"))
    assert "Probability of pneumonia: 97.0 %." in said(kept.click().run())


def test_a_picture_that_no_model_looks_at_is_refused_in_a_sentence(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_shipped()
    refusal = Look((HiveResult("No answer for this picture", ("I can look at a chest X-ray only.",)),))
    monkeypatch.setattr(picture_talk, "look_at", lambda _: refusal)
    text = said(attach(page("chatbot"), "what does this show?"))
    assert "I can look at a chest X-ray only." in text
    assert "#source" not in text


def test_an_emergency_beside_a_picture_comes_first(page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    register_shipped()
    monkeypatch.setattr(picture_talk, "look_at", lambda _: pytest.fail("a model looked at it"))
    app = attach(page("chatbot"), "my husband has crushing chest pain")
    assert "This may be a heart attack" in app.error[0].value

    refusal = Look((HiveResult("No answer for this picture", ("I can look at a chest X-ray only.",)),))
    monkeypatch.setattr(picture_talk, "look_at", lambda _: refusal)
    app = button(app, "Nobody is in danger now: answer it").click().run()
    assert "I can look at a chest X-ray only." in said(app)


def test_a_real_x_ray_is_answered_by_the_shipped_model(page: OpenPage, datasets: Path) -> None:
    register_shipped()
    app = page("chatbot")
    app.chat_input[0].upload("x.png", png(get_task("pneumonia").public().x[-1]), "image/png").run()
    text = said(app)
    assert "Model Hive · Pneumonia" in text and "95 % interval" in text and "#source-0-1" in text


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
    found = kept.click().run()
    assert "straight into the lungs" in said(found)
    found = ask(found, "What about tests?")
    assert "Spirometry" in said(found)
    owner = next(person for person in people.demo_people() if person.role == role)
    asking = keyed(found, "delete-").click().run()
    assert "Delete “What is asthma?”?" in said(asking)
    spared = button(asking, "Keep").click().run()
    assert len(conversations.conversations(owner.id)) == 1 and "Delete" not in labels(spared)
    gone = button(keyed(spared, "delete-").click().run(), "Delete").click().run()
    assert "What would you like to know?" in said(gone)
    assert conversations.conversations(owner.id) == []


def test_nobody_sees_the_conversation_of_who_was_signed_in_before(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components import gate

    app = ask(page("chatbot", Role.USER), "What is depression?")
    assert "What is depression?" in said(app)
    monkeypatch.setattr(gate, "_cookie", lambda: None)
    assert "depression" not in said(app.run()).replace("Depression", "")


@pytest.fixture
def groq_says(monkeypatch: pytest.MonkeyPatch):
    """Return a context manager that serves behaviours of Groq to the page."""

    @contextmanager
    def serving(*behaviours: Behaviour) -> Iterator[Stub]:
        with groq_stub(*behaviours) as stub:
            monkeypatch.setenv("MEDHIVE_GROQ_API_KEY", "gsk_secret")
            monkeypatch.setenv("MEDHIVE_GROQ_ADDRESS", stub.address)
            get_settings.cache_clear()
            yield stub

    return serving


def test_groqs_answer_is_shown_with_its_name_time_and_tokens_and_where_the_question_went(
    page: OpenPage, groq_says
) -> None:
    with groq_says(says(GOOD)):
        app = page("chatbot")
        assert "Goes to 127.0.0.1, without names" in said(app)
        text = said(ask(app, "What are the symptoms of asthma?"))
    assert "wheezing, coughing, a tight chest" in text
    assert "Groq, openai/gpt-oss-120b · " in text
    assert "366 tokens" in text
    assert "word for word" not in text
    assert "What left this machine" in [entry.label for entry in app.expander]
    assert "gsk_secret" not in text


def test_a_fallback_is_announced_above_the_answer(page: OpenPage, groq_says) -> None:
    with groq_says(refuses(401)):
        app = ask(page("chatbot"), "What are the symptoms of asthma?")
    assert "Groq refused the key" in app.info[0].value
    assert "word for word from the sources instead" in app.info[0].value
    assert "wheezing, cough, a tight chest" in said(app)


def test_personal_data_is_shown_before_anything_is_sent_and_can_stay_here(page: OpenPage, groq_says) -> None:
    question = "My name is Maria Lopez, what are the symptoms of asthma?"
    with groq_says(says(GOOD)) as stub:
        app = ask(page("chatbot"), question)
        assert r"My name is \[name 1\]" in said(app)
        assert "taken out: name" in said(app)
        assert stub.asked == []
        here = button(app, "Answer on this machine").click().run()
        assert "Extractive, word for word" in said(here)
        assert stub.asked == []
        other = ask(button(here, "New").click().run(), question)
        sent = button(other, "Send it like this").click().run()
        assert "Groq, openai/gpt-oss-120b" in said(sent)
        assert "Lopez" not in json.dumps(stub.asked)


def test_everybody_may_choose_that_nothing_leaves_the_machine(page: OpenPage, groq_says) -> None:
    with groq_says(says(GOOD)) as stub:
        app = page("chatbot")
        app.radio[0].set_value("extractive").run()
        assert "Extractive, word for word" in said(ask(app, "What are the symptoms of asthma?"))
        assert stub.asked == []


def test_an_administrator_chooses_groqs_model_from_its_list_for_everybody(page: OpenPage, groq_says) -> None:
    with groq_says(says(GOOD)) as stub:
        app = page("chatbot", Role.ADMIN).toggle[0].set_value(True).run()
        assert list(app.selectbox[1].options) == ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]
        app.selectbox[1].set_value("openai/gpt-oss-20b")
        button(app, "Keep").click().run()
        ask(page("chatbot"), "What are the symptoms of asthma?")
        assert stub.asked[0]["model"] == "openai/gpt-oss-20b"
        assert not page("chatbot", Role.USER).toggle


def test_an_answer_on_its_way_can_be_stopped_and_what_was_said_stays(page: OpenPage) -> None:
    app = page("chatbot")
    talk = app.session_state["companion"]
    talk.turns.append(("What is asthma?", None))
    talk.answering = SimpleNamespace(
        latest=Answer("Asthma is", ((("Asthma is a condition.", ()),),), provider="Groq"),
        stop=lambda: None,
        seconds=4.2,
        done=SimpleNamespace(wait=lambda _: False),
    )
    from components import talk as talks

    state = {"companion": talk}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(talks.st, "session_state", state)
        talks.stop()
    assert talk.answering is None
    assert (talk.turns[-1][1].text, talk.turns[-1][1].seconds) == ("Asthma is", 4.2)
    assert "You stopped this answer" in talk.turns[-1][1].notice


def test_again_asks_the_last_question_once_more_and_keeps_one_answer(page: OpenPage, groq_says) -> None:
    with groq_says(refuses(401), says(GOOD)):
        app = ask(page("chatbot", Role.USER), "What are the symptoms of asthma?")
        assert "Extractive" in said(app)
        app = button(app, "Again").click().run()
    assert "Groq, openai/gpt-oss-120b" in said(app)
    owner = next(person for person in people.demo_people() if person.role == Role.USER)
    (kept,) = conversations.conversations(owner.id)
    assert [message.role for message in conversations.read(kept.id, owner.id)] == ["person", "companion"]


def test_a_thumb_and_a_comment_are_kept_and_can_be_taken_back(page: OpenPage) -> None:
    app = ask(page("chatbot", Role.USER), "What is asthma?")
    thumbs = app.get("feedback") or app.get("button_group")
    thumbs[0].set_value([0] if hasattr(thumbs[0], "indices") else 0).run()
    assert opinions.counts() == {"Extractive": (0, 1)}
    app.text_input[0].set_value("Too long.").run()
    assert [view.comment for view in opinions.latest()] == ["Too long."]


def test_a_conversation_can_be_renamed(page: OpenPage) -> None:
    app = ask(page("chatbot", Role.USER), "What is asthma?")
    app = keyed(app, "rename-").click().run()
    field = next(entry for entry in app.text_input if str(entry.key).startswith("title-"))
    app = field.set_value("Breathing").run()
    assert "Breathing" in labels(app)


def test_a_title_that_was_not_changed_can_be_left(page: OpenPage) -> None:
    app = ask(page("chatbot", Role.USER), "What is asthma?")
    app = keyed(app, "rename-").click().run()
    app = keyed(app, "titled-").click().run()
    assert "What is asthma?" in labels(app)


def test_what_was_asked_already_is_not_proposed_again(page: OpenPage) -> None:
    app = ask(page("chatbot"), "What are the symptoms of asthma?")
    app = button(app, "What causes asthma?").click().run()
    assert "How is asthma treated?" in labels(app)
    assert "What are the symptoms of asthma?" not in labels(app)


def test_an_answer_on_its_way_can_be_stopped_however_slowly_the_page_is_drawn(
    page: OpenPage, groq_says, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([0.1, 0.2, 0.29, *(0.31 + step / 100 for step in range(10_000))])
    drawn: list[str] = []
    draw = DeltaGenerator.button

    def watched(self: DeltaGenerator, label: str, *args: Any, **more: Any) -> bool:
        drawn.append(label)
        return draw(self, label, *args, **more)

    monkeypatch.setattr(Answering, "seconds", property(lambda _: next(seconds)))
    monkeypatch.setattr(DeltaGenerator, "button", watched)
    with groq_says(says(GOOD, slowly=0.03)):
        ask(page("chatbot"), "What are the symptoms of asthma?")
    assert drawn.count("Stop") == 1


def test_who_asks_too_often_waits_but_never_with_an_emergency(page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDHIVE_QUESTIONS_A_MINUTE", "1")
    get_settings.cache_clear()
    app = ask(ask(page("chatbot", Role.USER), "What is asthma?"), "What is depression?")
    assert "ask again in" in app.warning[0].value
    assert "heart attack" in ask(app, "my husband has crushing chest pain").error[0].value
