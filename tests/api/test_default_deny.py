"""Every address needs an action of the permission table; one that names none is refused."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.routing import Route

from accounts import permissions
from accounts.permissions import Action, Role
from api import guard
from api.application import create_api
from api.ask import router as companion
from api.routes import router
from tests.api.conftest import Visit


def addresses() -> list[str]:
    known = [*router.routes, *companion.routes, *create_api(lambda: True).routes]
    return [route.path for route in known if isinstance(route, Route)]


def test_every_address_names_the_action_it_needs(home: Path) -> None:
    assert set(addresses()) == set(guard.NEEDED)


def test_an_address_that_is_not_in_the_table_is_refused_to_everybody(home: Path) -> None:
    api = create_api(lambda: True)

    @api.get("/secret")
    def secret() -> str:
        return "secret"

    response = TestClient(api).get("/secret")
    assert response.status_code == 401 and "secret" not in response.json()["detail"]


def test_a_visitor_who_may_not_is_asked_to_sign_in_and_a_person_is_told_about_the_role(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(guard.NEEDED, "/tasks", Action.MANAGE_PEOPLE)
    assert visit().get("/api/tasks").status_code == 401
    refused = visit(Role.USER).get("/api/tasks")
    assert refused.status_code == 403 and "signed in as user" in refused.json()["detail"]
    assert visit(Role.ADMIN).get("/api/tasks").status_code == 200


def test_a_forged_cookie_counts_as_no_cookie(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(guard.NEEDED, "/tasks", Action.MANAGE_PEOPLE)
    client = visit()
    client.cookies.set("medhive_session", "forged.signature")
    assert client.get("/api/tasks").status_code == 401


def test_the_table_decides_not_the_role_in_the_cookie(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(permissions.ALLOWED, Role.ADMIN, frozenset())
    assert visit(Role.ADMIN).get("/api/health").status_code == 403
