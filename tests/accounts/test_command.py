"""python -m accounts create-admin."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.__main__ import main
from accounts.people import list_people, verify
from accounts.permissions import Role
from tests.accounts.conftest import PASSWORD

COMMAND = ["create-admin", "--email", "boss@clinic.org", "--name", "Boss"]


def typed(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    given: Iterator[str] = iter(answers)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(given))


def test_the_first_admin_is_made_by_command(no_demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, PASSWORD, PASSWORD)
    assert main(COMMAND) == 0
    person = verify("boss@clinic.org", PASSWORD)
    assert person is not None and person.role is Role.ADMIN


def test_passwords_that_differ_or_are_short_make_no_account(
    no_demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, PASSWORD, "another password", "short", "short")
    assert main(COMMAND) == 2
    assert main(COMMAND) == 2
    complaints = capsys.readouterr().err.splitlines()
    assert "differ" in complaints[0] and "at least 10" in complaints[1]
    assert list_people() == []


def test_cancelling_makes_no_account(no_demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("getpass.getpass", interrupted)
    assert main(COMMAND) == 130
