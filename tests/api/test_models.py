"""GET /api/models and /api/models/{task}/card."""

from models.registry import get_task
from models.versions import register_shipped
from tests.api.conftest import Visit


def test_every_version_is_listed_with_who_made_it_and_what_it_reaches(visit: Visit, champion: int) -> None:
    (version,) = visit().get("/api/models").json()
    assert (version["task"], version["version_id"], version["champion"]) == ("vitals", champion, True)
    assert version["held_out"] == 60 and version["synthetic"] and version["run"] is None
    assert version["scores"]["auc"] == {"value": 0.9, "low": 0.85, "high": 0.95}


def test_a_card_comes_with_the_figures_of_the_champion(visit: Visit) -> None:
    register_shipped()
    card = visit().get("/api/models/breast_cancer/card").json()
    assert card["card"] == get_task("breast_cancer").card and "CC BY" in card["licence"]
    assert card["champion"]["shipped"] and card["champion_figures"] in card["card"]
    assert "not for clinical use" in card["not_for_clinical_use"]


def test_a_card_of_a_task_without_champion_has_none_and_an_unknown_task_is_a_sentence(visit: Visit) -> None:
    card = visit().get("/api/models/vitals/card").json()
    assert card["champion"] is None and card["champion_figures"] == ""
    unknown = visit().get("/api/models/nothing/card")
    assert unknown.status_code == 404 and "'nothing'" in unknown.json()["detail"]
