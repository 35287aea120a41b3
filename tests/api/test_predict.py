"""POST /api/tasks/{task}/predict."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import fields
from typing import Any

import pytest

from api import schemas
from api.limits import MAX_BODY
from models.predict import Contribution, Prediction
from models.registry import get_task, task_names
from models.turns import turn
from models.versions import register_shipped
from settings import cores
from tests.api.conftest import Visit

ROW = {"heart_rate": 72, "systolic_bp": 118, "diastolic_bp": 76, "spo2": 98}
ADDRESS = "/api/tasks/vitals/predict"
CSV = b"heart_rate,systolic_bp,diastolic_bp,spo2\n72,118,76,98\n88,140,85,95\n"


def problem_of(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status and body["detail"].endswith(".")
    return body


def test_a_visitor_gets_an_answer_for_one_row_with_all_that_belongs_to_it(visit: Visit, champion: int) -> None:
    response = visit().post(ADDRESS, json={"rows": [ROW]})
    assert response.status_code == 200, response.text
    (answer,) = response.json()["predictions"]
    assert answer["version_id"] == champion and answer["task"] == "vitals" and answer["synthetic"] is True
    assert 0 <= answer["low"] <= answer["probability"] <= answer["high"] <= 1
    assert "not for clinical use" in answer["not_for_clinical_use"].lower()
    assert {given["column"] for given in answer["contributions"]} == set(ROW)


def test_rows_and_the_same_rows_as_csv_give_the_same_answers(visit: Visit, champion: int) -> None:
    other = {"heart_rate": 88, "systolic_bp": 140, "diastolic_bp": 85, "spo2": 95}
    by_json = visit().post(ADDRESS, json={"rows": [ROW, other]}).json()
    by_csv = visit().post(ADDRESS, files={"file": ("rows.csv", CSV, "text/csv")}).json()
    assert by_json == by_csv and len(by_json["predictions"]) == 2


def test_a_thousand_rows_are_taken_and_one_more_is_not(visit: Visit, champion: int) -> None:
    assert len(visit().post(ADDRESS, json={"rows": [ROW] * 1000}).json()["predictions"]) == 1000
    body = problem_of(visit().post(ADDRESS, json={"rows": [ROW] * 1001}), 422)
    assert "1000" in body["detail"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({**ROW, "spo2": 120}, "spo2"),
        ({**ROW, "spo2": None}, "spo2"),
        ({**ROW, "heart_rate": "fast"}, "heart_rate"),
        ({**ROW, "age": 3}, "no column 'age'"),
        ({"heart_rate": 72}, "'systolic_bp' is missing"),
        ({**ROW, "spo2": True}, "spo2"),
        ({**ROW, "spo2": [98]}, "spo2"),
    ],
)
def test_a_faulty_row_is_named_with_its_column(visit: Visit, champion: int, row: dict[str, Any], says: str) -> None:
    body = problem_of(visit().post(ADDRESS, json={"rows": [ROW, row]}), 422)
    assert says in body["detail"]


def test_every_faulty_value_is_listed_with_row_column_value_and_rule(visit: Visit, champion: int) -> None:
    rows = [{**ROW, "spo2": 85}, ROW, {**ROW, "heart_rate": 300}]
    body = problem_of(visit().post(ADDRESS, json={"rows": rows}), 422)
    assert [(p["row"], p["column"], p["value"]) for p in body["problems"]] == [
        (1, "spo2", "85"),
        (3, "heart_rate", "300"),
    ]
    assert "90" in body["problems"][0]["rule"] and "%" in body["problems"][0]["rule"]


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b'{"rows": []}', b'{"rows": [1]}', b'{"rows": [{"spo2": NaN}]}']
)
def test_a_body_that_is_no_list_of_rows_is_refused(visit: Visit, champion: int, text: bytes) -> None:
    problem_of(visit().post(ADDRESS, content=text, headers={"Content-Type": "application/json"}), 422)


@pytest.mark.parametrize("file", [b"", b"\x00\xff\xfe", b"a,b\n1,2\n", CSV.replace(b"98", b"inf")])
def test_a_file_that_is_no_table_of_the_task_is_refused(visit: Visit, champion: int, file: bytes) -> None:
    problem_of(visit().post(ADDRESS, files={"file": ("x.csv", file)}), 422)


def test_a_form_without_the_file_says_which_field_it_goes_in(visit: Visit, champion: int) -> None:
    assert "'file'" in problem_of(visit().post(ADDRESS, files={"csv": ("x.csv", CSV)}), 422)["detail"]


def test_other_kinds_of_body_are_refused(visit: Visit, champion: int) -> None:
    problem_of(visit().post(ADDRESS, content=b"<rows/>", headers={"Content-Type": "text/xml"}), 415)
    problem_of(visit().post(ADDRESS), 415)


def test_a_body_over_the_limit_is_refused_whether_it_says_its_size_or_not(visit: Visit, champion: int) -> None:
    big = b" " * (MAX_BODY + 1)
    headers = {"Content-Type": "application/json"}
    assert "5 MB" in problem_of(visit().post(ADDRESS, content=big, headers=headers), 413)["detail"]
    problem_of(visit().post(ADDRESS, content=iter([big[: MAX_BODY // 2]] * 3), headers=headers), 413)


def test_an_unknown_task_is_answered_with_the_known_ones(visit: Visit) -> None:
    body = problem_of(visit().post("/api/tasks/flu/predict", json={"rows": [ROW]}), 404)
    assert "vitals" in body["detail"]


def test_a_task_without_champion_says_so(visit: Visit) -> None:
    assert "champion" in problem_of(visit().post(ADDRESS, json={"rows": [ROW]}), 503)["detail"]


def test_the_documented_answer_has_the_fields_of_a_prediction() -> None:
    assert set(schemas.Prediction.model_fields) == {field.name for field in fields(Prediction)}
    assert set(schemas.Contribution.model_fields) == {field.name for field in fields(Contribution)}


@pytest.mark.parametrize("name", [name for name in task_names() if get_task(name).modality == "table"])
def test_every_shipped_champion_answers_a_typical_patient_and_one_with_gaps(visit: Visit, name: str) -> None:
    register_shipped()
    columns = get_task(name).schema.columns
    whole = {c.name: int(c.typical) if c.kind != "number" else c.typical for c in columns}
    gaps = {name: value for name, value in whole.items() if not next(c for c in columns if c.name == name).nullable}
    response = visit().post(f"/api/tasks/{name}/predict", json={"rows": [whole, gaps]})
    assert response.status_code == 200, response.text
    first = response.json()["predictions"][0]
    assert first["low"] <= first["probability"] <= first["high"] and len(first["contributions"]) == len(columns)


@pytest.mark.slow
def test_texts_are_answered_and_what_is_no_complaint_is_refused(visit: Visit) -> None:
    register_shipped()
    rows = [
        {"text": "The skin on my knees and elbows is peeling, with dry, itchy, scaly patches"},
        {"text": "The train to Paris leaves at nine from platform four"},
    ]
    first, second = visit().post("/api/tasks/symptoms/predict", json={"rows": rows}).json()["predictions"]
    assert "psoriasis" in first["answer"] and len(first["chances"]) == 24 and not first["refused"]
    assert second["refused"] and "Paris" not in second["refused"]


def test_what_holds_no_words_is_no_text_to_answer(visit: Visit) -> None:
    empty = visit().post("/api/tasks/symptoms/predict", json={"rows": [{"text": "12"}]})
    assert empty.status_code == 422 and "no words" in empty.json()["detail"]
    many = visit().post("/api/tasks/symptoms/predict", json={"rows": [{"text": "a cough"}] * 101})
    assert many.status_code == 413 and "100 are the most" in many.json()["detail"]


def test_an_ecg_has_its_beats_named_by_rules_and_a_flat_one_is_refused(visit: Visit) -> None:
    from models.ecg.drawn import draw_recording, to_wfdb

    drawn = to_wfdb(draw_recording(12, 0))
    response = visit().post("/api/tasks/ecg/predict", files={"file": ("a.zip", drawn)})
    assert response.status_code == 200, response.text
    ecg = response.json()["ecg"]
    assert response.json()["predictions"] == [] and ecg["by"] == "rules"
    assert len(ecg["beats"]) >= 8 and all(beat["letter"] in "NSV?" for beat in ecg["beats"])
    assert [each["letter"] for each in ecg["trust"]] == ["N", "S", "V"] and "% right" in ecg["reliability"]
    assert "not for clinical use" in ecg["not_for_clinical_use"].lower()
    flat = b"time,II\n" + b"".join(b"%.3f,0.0\n" % (step / 100) for step in range(500))
    refused = visit().post("/api/tasks/ecg/predict", files={"file": ("a.csv", flat)})
    assert refused.status_code == 422 and "flat line" in refused.json()["detail"]


def test_an_ecg_of_more_than_a_minute_is_also_answered_by_the_champion_beat_by_beat(visit: Visit) -> None:
    from models.ecg.drawn import draw_recording, to_wfdb

    register_shipped()
    drawn = to_wfdb(draw_recording(120, 0))
    response = visit().post("/api/tasks/ecg/predict", files={"file": ("a.zip", drawn)})
    assert response.status_code == 200, response.text
    beats = response.json()["predictions"]
    assert len(beats) >= 80 and all(beat["letter"] in "NSVFQ" and beat["sha256"] for beat in beats)
    assert [beat["second"] for beat in beats] == sorted(beat["second"] for beat in beats)


def test_the_champion_can_be_left_out_of_an_ecg_and_of_nothing_else(
    visit: Visit, champion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.ecg.drawn import draw_recording, to_wfdb

    def asked(*_: object) -> None:
        raise AssertionError("the champion was asked")

    monkeypatch.setattr("models.ecg.answers.answer_beats", asked)
    drawn = {"file": ("a.zip", to_wfdb(draw_recording(120, 0)))}
    response = visit().post("/api/tasks/ecg/predict?champion=false", files=drawn)
    assert response.status_code == 200, response.text
    assert response.json()["predictions"] == [] and len(response.json()["ecg"]["beats"]) >= 80
    problem_of(visit().post("/api/tasks/ecg/predict?champion=perhaps", files=drawn), 422)
    body = problem_of(visit().post(f"{ADDRESS}?champion=false", json={"rows": [ROW]}), 422)
    assert "Only an ECG" in body["detail"]


def test_no_more_answers_are_computed_at_a_time_than_there_are_cores(
    visit: Visit, champion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, most, lock = 0, 0, threading.Lock()

    def slow(task: object, x: object) -> list[object]:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.05)
        with lock:
            at_work -= 1
        return []

    monkeypatch.setattr("models.predict.predict", slow)
    with visit() as client, ThreadPoolExecutor(4 * cores()) as pool:
        asked = pool.map(lambda _: client.post(ADDRESS, json={"rows": [ROW]}), range(4 * cores()))
        assert {response.status_code for response in asked} == {200}
    assert most == cores()


def test_an_answer_by_api_waits_while_pages_compute_as_many_as_there_are_cores(visit: Visit, champion: int) -> None:
    with visit() as client, ThreadPoolExecutor(1) as pool:
        with ExitStack() as pages:
            for _ in range(cores()):
                pages.enter_context(turn())
            asked = pool.submit(client.post, ADDRESS, json={"rows": [ROW]})
            assert not wait([asked], timeout=0.5).done
            assert client.get("/api/health").status_code == 200
        assert asked.result(20).status_code == 200
