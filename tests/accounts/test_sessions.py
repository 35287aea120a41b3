"""One-time codes, signed cookies, expiry and signing out."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from accounts import sessions
from accounts.audit import entries
from accounts.people import AccountError, UserView, change_password, demo_people, register
from data.database import BrowserSession, EnterCode, now, transaction
from settings import get_settings
from tests.accounts.conftest import PASSWORD


def somebody() -> UserView:
    return register("anna@clinic.org", "Anna", PASSWORD)


def signed_in(person: UserView) -> str:
    return sessions.exchange(sessions.issue_code(person.id))


def test_a_code_is_exchanged_for_a_cookie_that_names_the_person(home: Path) -> None:
    person = somebody()
    assert sessions.person_of(signed_in(person)) == person


def test_a_code_works_once(home: Path) -> None:
    code = sessions.issue_code(somebody().id)
    sessions.exchange(code)
    with pytest.raises(AccountError, match="used already"):
        sessions.exchange(code)


def test_a_code_older_than_a_minute_does_not_work(home: Path) -> None:
    code = sessions.issue_code(somebody().id)
    with transaction() as session:
        session.execute(update(EnterCode).values(expires_at=now() - timedelta(seconds=1)))
    with pytest.raises(AccountError, match="older than a minute"):
        sessions.exchange(code)


@pytest.mark.parametrize("cookie", [None, "", "x", "x" * 5000, "WyJhIl0.c2ln", '"abc"'])
def test_a_cookie_that_is_none_of_ours_is_a_visitor(home: Path, cookie: str | None) -> None:
    assert sessions.person_of(cookie) is None


def test_a_cookie_with_any_other_signature_is_a_visitor(home: Path) -> None:
    cookie = signed_in(somebody())
    token, _, signature = cookie.rpartition(".")
    turned = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert sessions.person_of(f"{token}.{turned}") is None


def test_a_cookie_of_another_installation_is_a_visitor(home: Path) -> None:
    cookie = signed_in(somebody())
    sessions._keys.clear()
    (home / "keys" / "cookie.key").write_bytes(b"another key that somebody else has")
    assert sessions.person_of(cookie) is None
    sessions._keys.clear()


def test_the_signing_key_is_readable_by_the_owner_only(home: Path) -> None:
    signed_in(somebody())
    assert (home / "keys" / "cookie.key").stat().st_mode & 0o777 == 0o600


def test_the_database_holds_neither_codes_nor_tokens(home: Path) -> None:
    person = somebody()
    code, cookie = sessions.issue_code(person.id), signed_in(person)
    stored = b"".join(path.read_bytes() for path in home.glob("medhive.db*"))
    assert code.encode() not in stored
    assert cookie.rpartition(".")[0].encode() not in stored


def test_signing_out_ends_the_session_on_the_server(home: Path) -> None:
    person = somebody()
    here, elsewhere = signed_in(person), signed_in(person)
    sessions.sign_out(here)
    assert sessions.person_of(here) is None
    assert sessions.person_of(elsewhere) == person
    assert [entry.action for entry in entries(1)] == ["signed out"]


def test_a_session_ends_by_itself(home: Path) -> None:
    cookie = signed_in(somebody())
    with transaction() as session:
        session.execute(update(BrowserSession).values(expires_at=now() - timedelta(seconds=1)))
    assert sessions.person_of(cookie) is None


def test_every_sign_in_gives_a_fresh_session(home: Path) -> None:
    person = somebody()
    assert signed_in(person) != signed_in(person)


def test_a_changed_password_signs_the_other_browsers_out(home: Path) -> None:
    person = somebody()
    here, elsewhere = signed_in(person), signed_in(person)
    pending = sessions.issue_code(person.id)
    change_password(person.id, PASSWORD, "a new long password", keep_session_sha256=sessions.session_key(here))
    assert sessions.person_of(here) == person
    assert sessions.person_of(elsewhere) is None
    with pytest.raises(AccountError):
        sessions.exchange(pending)


def test_outside_demo_mode_a_demo_session_and_a_demo_code_are_worth_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = demo_people()[0]
    cookie, code = signed_in(admin), sessions.issue_code(admin.id)
    monkeypatch.setenv("MEDHIVE_DEMO", "0")
    get_settings.cache_clear()
    assert sessions.person_of(cookie) is None
    with pytest.raises(AccountError, match="cannot sign in"):
        sessions.exchange(code)
    with pytest.raises(AccountError, match="cannot sign in"):
        sessions.issue_code(admin.id)
