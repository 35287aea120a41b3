"""The admin's page of sources: what was indexed is said once, and no longer of a source that was removed."""

import pytest

from accounts.permissions import Role
from components import admin_sources
from rag.index import ARTICLES
from rag.indexing import Job
from rag.sources.document import Reading
from rag.store import Entry
from tests.pages.conftest import OpenPage


def test_what_was_indexed_is_said_in_one_card_without_what_was_removed_since(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("sleep.md", "scurvy.html", "removed.pdf")
    job = Job("three files", "done", readings=tuple(Reading(name, "document", (), {"links": 2}) for name in names))
    there = [Entry(name, "document", "2026-11-26 22:17", 1, 2, {}, True, "") for name in (ARTICLES, *names[:2])]
    monkeypatch.setattr(admin_sources, "current", lambda: job)
    monkeypatch.setattr(admin_sources, "sources", lambda: there)
    app = page("admin", Role.ADMIN, query={"section": "sources"})
    assert not app.exception
    [card] = app.success
    assert "sleep.md: 0 documents, 0 passages, 2 links left out." in card.value and "scurvy.html" in card.value
    assert "removed.pdf" not in card.value
