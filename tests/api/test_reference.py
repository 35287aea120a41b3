"""The documentation of the API, made from the code, without anything from the internet."""

import json
import re

from api.reference import reference_page
from tests.api.conftest import Visit


def test_the_page_documents_every_address_and_loads_nothing_from_elsewhere(visit: Visit) -> None:
    response = visit().get("/api/docs")
    assert response.status_code == 200
    for address in ("/api/health", "/api/tasks", "/api/tasks/{task}/predict"):
        assert f"{address}</code>" in response.text
    assert "curl http://testserver/api/health" in response.text
    assert re.findall(r"(?:src|href)='([^']*)'", response.text) == ["openapi.json", "/"]
    assert "<script" not in response.text
    assert response.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_openapi_document_says_where_the_addresses_are_and_both_kinds_of_body(visit: Visit) -> None:
    document = visit().get("/api/openapi.json").json()
    assert document["servers"] == [{"url": "http://testserver/api"}]
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert name in document["components"]["schemas"]
    body = document["paths"]["/tasks/{task}/predict"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "multipart/form-data"}
    assert set(document["paths"]) == {
        *("/health", "/tasks", "/tasks/{task}/predict", "/symptoms", "/ask"),
        *("/models", "/models/{task}/card"),
    }


def test_the_option_that_leaves_out_the_champion_is_documented_with_an_example(visit: Visit) -> None:
    page = visit().get("/api/docs").text
    assert "/api/tasks/ecg/predict?champion=false" in page
    assert "<th><code>champion</code></th><td>boolean</td>" in page
    document = visit().get("/api/openapi.json").json()
    (option,) = (
        each for each in document["paths"]["/tasks/{task}/predict"]["post"]["parameters"] if each["in"] == "query"
    )
    assert option["name"] == "champion" and option["schema"]["default"] is True and not option["required"]


def test_texts_are_escaped() -> None:
    document = {
        "info": {"title": "<b>x</b>", "description": "<script>"},
        "paths": {"/<i>": {"get": {"summary": "<u>", "responses": {"200": {"description": "<img>"}}}}},
        "components": {"schemas": {"<s>": {"properties": {"<p>": {"type": "<t>"}}}}},
    }
    page = reference_page(document, "http://testserver/<x>")
    for raw in ("<b>x", "<script>", "<i>", "<u>", "<img>", "<s>", "<p>:", "<t>", "<x>"):
        assert raw not in page


def test_an_unknown_address_or_method_is_answered_with_a_sentence(visit: Visit) -> None:
    for response, status in ((visit().get("/api/nowhere"), 404), (visit().post("/api/tasks"), 405)):
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
        assert "/api/docs" in response.json()["detail"]
