"""GET /api/health and /api/tasks."""

from models.registry import tasks
from tests.api.conftest import Visit


def test_health_says_that_the_server_and_its_worker_live(visit: Visit) -> None:
    assert visit().get("/api/health").json() == {"status": "ok", "worker": True, "demo": True}


def test_every_task_is_listed_with_its_inputs_units_and_ranges(visit: Visit, champion: int) -> None:
    listed = {task["name"]: task for task in visit().get("/api/tasks").json()}
    assert set(listed) == set(tasks())
    for name, task in tasks().items():
        assert listed[name]["question"] == task.question
        assert [column["name"] for column in listed[name]["columns"]] == list(task.schema.names)
    spo2 = next(column for column in listed["vitals"]["columns"] if column["name"] == "spo2")
    assert (spo2["unit"], spo2["low"], spo2["high"], spo2["nullable"]) == ("%", 90, 100, False)


def test_the_champion_is_given_with_its_scores_and_null_where_there_is_none(visit: Visit, champion: int) -> None:
    listed = {task["name"]: task["champion"] for task in visit().get("/api/tasks").json()}
    assert listed["vitals"]["version_id"] == champion
    assert listed["vitals"]["scores"]["auc"] == {"value": 0.9, "low": 0.85, "high": 0.95}
    assert listed["breast_cancer"] is None
