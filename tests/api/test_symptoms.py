"""A complaint by the API: how soon to be seen, possibilities, what to ask next; wrong input is told so."""

from tests.api.conftest import Visit


def test_a_complaint_is_weighed_and_an_answer_moves_on(visit: Visit) -> None:
    given = {"complaint": "a runny nose and sneezing", "strength": "mild"}
    first = visit().post("/api/symptoms", json=given).json()
    assert first["soon"] in ("self-care", "appointment")
    assert len(first["possibilities"]) >= 2 and "not a diagnosis" in first["notice"]
    name = first["next_question"]["name"]
    second = visit().post("/api/symptoms", json={**given, "answers": {name: False}}).json()
    assert second["next_question"]["name"] != name


def test_an_unknown_symptom_is_a_422_with_a_sentence(visit: Visit) -> None:
    refused = visit().post("/api/symptoms", json={"complaint": "a cough", "answers": {"moon": True}})
    assert refused.status_code == 422 and "'moon'" in refused.json()["detail"]
