"""POST /api/ask: whole or as events, for everybody, with limits and problem details."""

import json
import re
from typing import Any

import pytest

from accounts.permissions import Role
from settings import get_settings
from tests.api.conftest import Visit
from tests.rag.conftest import built_index, opened, with_index  # noqa: F401  the index, built once for all tests
from tests.rag.groq_stub import cut, groq_stub, says
from tests.rag.test_groq import GOOD

pytestmark = pytest.mark.usefixtures("with_index")
QUESTION = {"question": "What are the symptoms of asthma?"}
EVENTS = {"Accept": "text/event-stream"}


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)]


@pytest.mark.parametrize("role", [None, Role.USER])
def test_everybody_gets_a_cited_answer(visit: Visit, role: Role | None) -> None:
    response = visit(role).post("/api/ask", json=QUESTION)
    assert response.status_code == 200, response.text
    given = response.json()
    numbers = {source["number"] for source in given["sources"]}
    assert given["sentences"] and all(
        set(said["sources"]) <= numbers and said["sources"] for said in given["sentences"]
    )
    assert given["provider"] == "Extractive" and given["verbatim"] and not given["abstained"]
    assert "not medical advice" in given["disclaimer"]
    assert response.headers["cache-control"] == "no-store"


def test_an_emergency_is_told_at_once(visit: Visit) -> None:
    given = visit().post("/api/ask", json={"question": "my husband has crushing chest pain"}).json()
    assert given["red_flag"]["kind"] == "heart" and "112" in given["text"]


def test_a_question_that_sounds_like_an_emergency_is_answered_when_nobody_is_in_danger(visit: Visit) -> None:
    asked = {"question": "my husband has crushing chest pain, what are the symptoms of a heart attack"}
    given = visit().post("/api/ask", json={**asked, "nobody_in_danger": True}).json()
    assert given["red_flag"] is None and given["sources"]


def test_as_events_sentences_come_one_by_one_and_the_whole_answer_last(visit: Visit) -> None:
    response = visit().post("/api/ask", json=QUESTION, headers=EVENTS)
    assert response.headers["content-type"].startswith("text/event-stream")
    came = events(response.text)
    assert came[-1][0] == "answer"
    told = [data["text"] for name, data in came if name == "sentence"]
    assert told == [said["text"] for said in came[-1][1]["sentences"]]


def test_when_a_language_model_begins_anew_what_was_told_is_taken_back(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    with groq_stub(cut(GOOD[: GOOD.index("[1]. In") + 40]), says(GOOD)) as stub:
        monkeypatch.setenv("MEDHIVE_GROQ_API_KEY", "gsk_secret")
        monkeypatch.setenv("MEDHIVE_GROQ_ADDRESS", stub.address)
        get_settings.cache_clear()
        came = events(visit().post("/api/ask", json={**QUESTION, "provider": "groq"}, headers=EVENTS).text)
    names = [name for name, _ in came]
    begun_anew = names.index("again")
    assert names[:begun_anew] == ["sentence"]
    assert came[begun_anew][1]["notice"].endswith("broke off. Trying once more.")
    told = [data["text"] for name, data in came[begun_anew:] if name == "sentence"]
    assert told == [said["text"] for said in came[-1][1]["sentences"]] and names[-1] == "answer"
    assert came[-1][1]["provider"].startswith("Groq") and len(stub.asked) == 2


@pytest.mark.parametrize(
    ("body", "says_"),
    [
        ({"question": " "}, "The question is empty"),
        ({"question": "a" * 1001}, "1,001 characters"),
        ({"question": "What is asthma?", "provider": "groq"}, "no provider 'groq'"),
        ({"question": "What is asthma?", "provider": "other"}, "provider"),
        ({"question": "What is asthma?", "more": 1}, "more"),
        ({"question": "What is asthma?", "history": [{"question": "x", "answer": "y"}] * 21}, "history"),
    ],
)
@pytest.mark.parametrize("headers", [{}, EVENTS])
def test_what_cannot_be_asked_is_a_problem_in_a_sentence(
    visit: Visit, body: dict[str, Any], says_: str, headers: dict[str, str]
) -> None:
    response = visit().post("/api/ask", json=body, headers=headers)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert says_ in response.json()["detail"]
    assert "aaaa" not in response.text


def test_too_many_questions_are_told_when_to_come_back(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDHIVE_QUESTIONS_A_MINUTE", "1")
    get_settings.cache_clear()
    client = visit(Role.USER)
    assert client.post("/api/ask", json={"question": "Thanks!"}).status_code == 200
    refused = client.post("/api/ask", json=QUESTION)
    assert refused.status_code == 429 and 1 <= int(refused.headers["retry-after"]) <= 60
    assert "ask again in" in refused.json()["detail"]
    assert client.post("/api/ask", json={"question": "my husband has crushing chest pain"}).json()["red_flag"]


def test_a_form_of_another_web_site_cannot_ask(visit: Visit) -> None:
    refused = visit().post("/api/ask", content=json.dumps(QUESTION), headers={"content-type": "text/plain"})
    assert refused.status_code == 422


def test_the_example_of_the_reference_works_as_it_stands(visit: Visit) -> None:
    page = visit().get("/api/docs").text
    example = re.search(r"<pre>(curl [^<]*?/api/ask[^<]*)</pre>", page)
    assert example
    for command in example[1].split("\n\n"):
        body = re.search(r"-d &#x27;(.*?)&#x27;", command)
        assert body
        headers = EVENTS if "text/event-stream" in command else {}
        response = visit().post("/api/ask", json=json.loads(body[1].replace("&quot;", '"')), headers=headers)
        assert response.status_code == 200, response.text
        assert "wheezing" in response.text
