"""What base, one site's own model and the federated model write stands side by side; emergencies come before."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from components import ask_language
from models.language import writing
from tests import tiny_language
from tests.pages.conftest import OpenPage
from tests.pages.test_model_hive import texts
from tests.rag.conftest import built_index, opened, with_index  # noqa: F401  the index, built once for all tests


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_language.save(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def language(with_index: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: F811  a fixture, imported above
    monkeypatch.setattr(writing, "MOST_TOKENS", 6)
    drawn = (st.cache_data, st.cache_resource)
    with tiny_language.installed(folder, monkeypatch):
        for cache in drawn:
            cache.clear()
        yield
        for cache in drawn:
            cache.clear()


def ask(app: AppTest, question: str) -> AppTest:
    app.text_input(key="hive_medical_qa_question").set_value(question)
    return app.button(key="hive_medical_qa_compare").click().run()


@pytest.mark.usefixtures("language")
def test_three_answers_stand_side_by_side_with_loss_and_backing(page: OpenPage) -> None:
    tiny_language.make_champion(alone=True)
    app = page("model_hive", query={"task": "medical_qa"})
    assert "states false medicine fluently" in texts(app)
    assert app.selectbox(key="hive_medical_qa_site").options == ["North", ask_language.NOBODY]
    app = ask(app, "What are the symptoms of gout?")
    assert not app.exception
    seen = texts(app)
    for words in ("The base, as it comes", "North alone", "Federated, version 1"):
        assert f"**{words}**" in seen
    assert "Loss 2.750 · " in seen and "Loss 2.500 · " in seen and "Loss 2.250 · " in seen
    assert seen.count("sentences backed") == seen.count("not checked") - 1 == 3
    again = app.run()
    assert "**North alone**" in texts(again)


@pytest.mark.usefixtures("language")
def test_a_version_without_models_of_sites_says_so_and_shows_two_answers(page: OpenPage) -> None:
    tiny_language.make_champion()
    app = page("model_hive", query={"task": "medical_qa"})
    assert "holds no model that a site trained alone" in texts(app)
    seen = texts(ask(app, "How is asthma treated?"))
    assert "**The base, as it comes**" in seen and "**Federated, version 1**" in seen and "alone**" not in seen


@pytest.mark.usefixtures("language")
@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("My father has crushing chest pain and cannot breathe", "emergency"),
        ("Which car should I buy?", "nothing is written"),
        ("What is a blorbofex in the ninth moon of Zanthar?", "nothing is written"),
    ],
)
def test_emergencies_and_what_no_source_answers_come_before_any_model(page: OpenPage, question: str, said: str) -> None:
    tiny_language.make_champion()
    seen = texts(ask(page("model_hive", query={"task": "medical_qa"}), question))
    assert "**The base, as it comes**" not in seen and "sentences backed" not in seen
    assert said in seen.lower() or "health" in seen.lower()
