"""The API as a client sees it, without the pages around it, and a champion to ask."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.routing import Mount

from accounts import people, sessions
from accounts.permissions import Role
from api import auth
from api.application import create_api

Visit = Callable[..., TestClient]


@pytest.fixture
def visit(home: Path) -> Visit:
    """Return ``visit(role)``: a client whose browser is signed in as the demo person of ``role``, or a visitor's."""

    def client_of(role: Role | None = None) -> TestClient:
        app = Starlette(routes=[*auth.routes, Mount("/api", app=create_api(lambda: True))])
        client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
        for person in people.demo_people():
            if person.role is role:
                client.cookies.set(sessions.COOKIE, sessions.exchange(sessions.issue_code(person.id)))
        return client

    return client_of


@pytest.fixture
def champion(home: Path) -> int:
    """A promoted version of the task vitals with arbitrary weights; its id."""
    from models.calibration import Calibration
    from models.preparation import Preparation
    from models.registry import get_task
    from models.versions import promote, save_version
    from models.weights import flat_weights

    task = get_task("vitals")
    rows = task.generate(60, seed=1)
    middle, spread = rows.x.mean(axis=0), rows.x.std(axis=0)
    preparation = Preparation(fill=middle, mean=middle, scale=spread)
    calibration = Calibration.fit(np.linspace(-1, 1, 60), rows.y)
    scores = {"auc": {"value": 0.9, "low": 0.85, "high": 0.95}}
    manifest = {"scores": scores, "data": {"synthetic": True, "source": "test"}, "n": 60}
    version = save_version(task, flat_weights(task.network()), preparation, calibration, run_id=None, manifest=manifest)
    promote(version.id, reason="for the test", by=None)
    return version.id
