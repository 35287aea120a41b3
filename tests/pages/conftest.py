"""The fixture that opens a page as a person of some role, through the real navigation and the real gate."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from accounts import people, sessions
from accounts.permissions import Role
from components import gate
from settings import ROOT

OpenPage = Callable[..., AppTest]


def cookie_of(role: Role | str) -> str | None:
    """Sign the demo person of ``role`` in and return the cookie; None for a visitor."""
    for person in people.demo_people():
        if person.role == role:
            return sessions.exchange(sessions.issue_code(person.id))
    assert role == Role.VISITOR, f"there is no demo person with the role {role}"
    return None


@pytest.fixture(autouse=True)
def _no_scan_of_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare each AppTest the reading of every installed package's metadata; our components come in none of them."""
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", lambda: [])


@pytest.fixture
def page(home: Path, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Return ``page(path, role="visitor", timeout=60, query=None)``, which opens a page and returns the AppTest, run.

    ``path`` is "home", "home.py" or "pages/home.py"; ``role`` a Role or its value. A page the role may not open
    shows the gate's sentence. ``query`` holds query parameters.
    """

    def open_page(
        path: str, role: Role | str = Role.VISITOR, *, timeout: float = 60, query: dict[str, str] | None = None
    ) -> AppTest:
        cookie = cookie_of(role)
        monkeypatch.setattr(gate, "_cookie", lambda: cookie)
        app = AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=timeout)
        for name, value in (query or {}).items():
            app.query_params[name] = value
        # switch_page() would need a first run, of Home; a page's hash is that of its address.
        app._page_hash = calc_hash(Path(path).stem)
        return app.run()

    return open_page
