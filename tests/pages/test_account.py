"""The account page in every role: sign in, register, demo roles, password, sign out."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from argon2 import PasswordHasher
from streamlit.testing.v1 import AppTest

from accounts import passwords, people, sessions
from accounts.attempts import Attempts
from accounts.permissions import Role
from components import gate
from settings import get_settings
from tests.pages.conftest import OpenPage

PASSWORD = "correct horse battery"


@pytest.fixture
def no_demo(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDHIVE_DEMO", "0")
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def _cheap_and_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with argon2's least effort, and forget the failures of other tests."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: cheap)
    monkeypatch.setattr(passwords, "_decoy", lambda: cheap.hash("nobody's"))
    monkeypatch.setattr(people, "_attempts", Attempts())


def sent_to(app: AppTest) -> str:
    """Where the page sends the browser; empty when it stays."""
    components = app.get("bidi_component")
    return str(json.loads(components[-1].proto.json)["to"]) if components else ""


def entered_as(app: AppTest) -> people.UserView | None:
    """Follow the way to /auth/enter and return who comes out."""
    code = parse_qs(urlsplit(sent_to(app)).query).get("code", [""])[0]
    return sessions.person_of(sessions.exchange(code))


def texts(app: AppTest) -> str:
    return " ".join(
        element.value for kind in (app.markdown, app.caption, app.text, app.error, app.title) for element in kind
    )


@pytest.mark.parametrize("role", list(Role))
def test_the_page_opens_in_every_role(page: OpenPage, role: Role) -> None:
    app = page("account", role)
    assert not app.exception and not app.error
    assert app.title[0].value == ("Sign in" if role is Role.VISITOR else f"Demo {role}")


@pytest.mark.parametrize("role", [Role.ADMIN, Role.PROVIDER, Role.CONTRIBUTOR, Role.USER])
def test_one_click_signs_in_as_a_demo_person(page: OpenPage, role: Role) -> None:
    app = page("account").button(key=f"demo_{role.name.lower()}").click().run()
    person = entered_as(app)
    assert person is not None and person.role is role and person.demo


def test_a_demo_person_can_try_another_role(page: OpenPage) -> None:
    app = page("account", Role.USER)
    assert "demo_user" not in {button.key for button in app.button}
    person = entered_as(app.button(key="demo_admin").click().run())
    assert person is not None and person.role is Role.ADMIN


def test_after_signing_in_the_browser_goes_on_to_the_page_it_came_from(page: OpenPage) -> None:
    app = page("account", query={"next": "contribute"}).button(key="demo_provider").click().run()
    assert sent_to(app).endswith("&next=contribute")
    app = page("account", query={"next": "//evil.org"}).button(key="demo_provider").click().run()
    assert sent_to(app).endswith("&next=")


def fill(app: AppTest, form: str, **values: str) -> AppTest:
    for label, value in values.items():
        name = label.replace("_", " ")
        next(field for field in app.text_input if field.label.startswith(name) and field.form_id == form).input(value)
    return next(button for button in app.button if button.form_id == form).click().run()


def test_a_person_registers_and_signs_in(page: OpenPage) -> None:
    app = fill(page("account"), "register", Name="Anna", **{"E-mail": "anna@clinic.org"}, Password=PASSWORD)
    registered = entered_as(app)
    app = fill(page("account"), "sign_in", **{"E-mail": "anna@clinic.org"}, Password=PASSWORD)
    assert registered is not None and entered_as(app) == registered
    assert (registered.name, registered.role) == ("Anna", Role.USER)


def test_a_data_provider_names_the_site_when_registering(page: OpenPage) -> None:
    app = page("account")
    app.selectbox[0].select(Role.PROVIDER).run()
    app = fill(app, "register", Name="Ben", Site="St. Mary's", **{"E-mail": "ben@clinic.org"}, Password=PASSWORD)
    person = entered_as(app)
    assert person is not None and (person.role, person.site_name) == (Role.PROVIDER, "St. Mary's")


def test_a_wrong_password_is_answered_with_a_sentence_and_no_session(page: OpenPage) -> None:
    app = fill(page("account"), "sign_in", **{"E-mail": "nobody@clinic.org"}, Password=PASSWORD)
    assert [error.value for error in app.error] == ["E-mail and password do not belong together."]
    assert sent_to(app) == ""


def test_a_short_password_is_refused_with_what_would_be_right(page: OpenPage) -> None:
    app = fill(page("account"), "register", Name="Anna", **{"E-mail": "anna@clinic.org"}, Password="short")
    assert "needs at least 10" in app.error[0].value


@pytest.mark.usefixtures("no_demo")
def test_outside_demo_mode_there_are_no_demo_roles_no_banner_and_no_choice_of_role(page: OpenPage) -> None:
    app = page("account")
    assert not [button for button in app.button if (button.key or "").startswith("demo_")]
    assert not app.selectbox and "Demo mode" not in texts(app)
    assert "You start as a user. An admin can make you" in texts(app)


def test_demo_mode_is_said_in_a_banner(page: OpenPage) -> None:
    assert "Demo mode" in texts(page("account"))


@pytest.mark.usefixtures("no_demo")
def test_a_person_changes_the_password(page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    person = people.register("anna@clinic.org", "Anna", PASSWORD)
    app = page("account")
    cookie = sessions.exchange(sessions.issue_code(person.id))
    monkeypatch.setattr(gate, "_cookie", lambda: cookie)
    app = fill(app.run(), "change_password", Present_password="not it at all", New_password="a new long password")
    assert "not right" in app.error[0].value
    app = fill(app, "change_password", Present_password=PASSWORD, New_password="a new long password")
    assert "is changed" in app.success[0].value
    assert people.verify("anna@clinic.org", "a new long password") == person


def test_a_demo_account_has_no_password_to_change(page: OpenPage) -> None:
    assert not page("account", Role.ADMIN).text_input


def test_the_own_page_names_role_address_and_site(page: OpenPage) -> None:
    shown = texts(page("account", Role.PROVIDER))
    for text in ("Data provider", "provider@demo.medhive", people.DEMO_SITE):
        assert text in shown


def test_signing_out_goes_to_the_address_that_revokes_the_session(page: OpenPage) -> None:
    assert sent_to(page("account", Role.USER).button(key="sign_out").click().run()) == "/auth/leave"


def test_a_sign_in_that_came_too_late_is_explained(page: OpenPage) -> None:
    assert "sign in again" in page("account", query={"expired": "1"}).warning[0].value
