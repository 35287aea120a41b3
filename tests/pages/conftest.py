"""The fixture that opens a page as a person of some role, through the real navigation and the real gate."""

from collections.abc import Callable
from pathlib import Path

import pytest
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


@pytest.fixture
def page(home: Path, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Return ``page(path, role="visitor", timeout=20, query=None)``, which opens a page and returns the AppTest, run.

    ``path`` is "home", "home.py" or "pages/home.py"; ``role`` a Role or its value. A page the role may not open
    shows the gate's sentence. ``query`` holds query parameters.
    """

    def open_page(
        path: str, role: Role | str = Role.VISITOR, *, timeout: float = 20, query: dict[str, str] | None = None
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


@pytest.fixture(autouse=True)
def _site_without_vault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for data.sites until it is there."""
    import sys
    from importlib.util import find_spec
    from types import SimpleNamespace

    from data.database import Site

    def ensure_site(session, name):  # type: ignore[no-untyped-def]
        site = session.query(Site).filter_by(name=name).one_or_none() or Site(name=name, wrapped_key=b"")
        session.add(site)
        return site

    if find_spec("data.sites") is None:
        monkeypatch.setitem(sys.modules, "data.sites", SimpleNamespace(ensure_site=ensure_site))
