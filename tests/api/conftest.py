"""The API as a client sees it, without the pages around it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.routing import Mount

from accounts import people, sessions
from accounts.permissions import Role
from api import auth
from api.application import create_api

Visit = Callable[[Role | None], TestClient]


@pytest.fixture
def visit(home: Path) -> Visit:
    """Return ``visit(role)``: a client whose browser is signed in as the demo person of ``role``, or a visitor's."""

    def client_of(role: Role | None = None) -> TestClient:
        app = Starlette(routes=[*auth.routes, Mount("/api", app=create_api(lambda: True))])
        client = TestClient(app, raise_server_exceptions=False)
        for person in people.demo_people():
            if person.role is role:
                client.cookies.set(sessions.COOKIE, sessions.exchange(sessions.issue_code(person.id)))
        return client

    return client_of
