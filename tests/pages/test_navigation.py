"""Which pages a role finds on top, and what happens at the address of one it may not open."""

from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import magic

from accounts.permissions import Role
from tests.pages.conftest import OpenPage

FOR_ALL = ["Home", "Companion", "Symptoms", "Model Hive"]
LISTED = {
    Role.VISITOR: FOR_ALL,
    Role.USER: FOR_ALL,
    Role.CONTRIBUTOR: [*FOR_ALL, "Contribute"],
    Role.PROVIDER: [*FOR_ALL, "Contribute"],
    Role.ADMIN: [*FOR_ALL, "Contribute", "Admin"],
}


@pytest.mark.parametrize("role", list(Role))
def test_a_role_finds_the_pages_it_may_open(page: OpenPage, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    real = st.navigation

    def noting(pages: list[Any], **options: Any) -> Any:
        listed[:] = [place.title for place in pages if place.visibility == "visible"]
        return real(pages, **options)

    monkeypatch.setattr(st, "navigation", noting)
    page("account", role)
    assert listed == [*LISTED[role], "Sign in" if role is Role.VISITOR else f"Demo {role}"]


@pytest.mark.parametrize(
    ("name", "role"),
    [(name, role) for name in ("contribute", "admin") for role in Role if name.capitalize() not in LISTED[role]],
)
def test_the_address_of_a_page_a_role_may_not_open_answers_with_a_sentence(
    page: OpenPage, name: str, role: Role
) -> None:
    app = page(name, role)
    assert not app.exception and not app.title
    (button,) = app.button
    if role is Role.VISITOR:
        assert (app.subheader[0].value, button.label) == ("Sign in to see this page", "Sign in")
    else:
        assert f"you are signed in as {role}" in app.markdown[0].value
        assert button.label == "Open my account"


def test_no_script_goes_through_ast_parse_which_fails_beside_another_thread(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def noting(body: str, path: str) -> str:
        parsed.append(path)
        return body

    monkeypatch.setattr(magic, "add_magic", noting)
    page("home")
    assert not parsed
