"""What the tests of the accounts share: an installation with or without demo mode, and people on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts import passwords, people
from accounts.attempts import Attempts
from settings import get_settings

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _cheap_and_fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash with argon2's least effort, and forget the failures of other tests."""
    from argon2 import PasswordHasher

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    decoy = cheap.hash("nobody's")
    monkeypatch.setattr(passwords, "_hasher", lambda: cheap)
    monkeypatch.setattr(passwords, "_decoy", lambda: decoy)
    monkeypatch.setattr(people, "_attempts", Attempts())
    yield


@pytest.fixture
def no_demo(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation outside demo mode."""
    monkeypatch.setenv("MEDHIVE_DEMO", "0")
    get_settings.cache_clear()
    yield home
    get_settings.cache_clear()
