"""The brake on guessing passwords."""

import pytest

from accounts import attempts
from accounts.attempts import Attempts


def test_after_the_allowed_failures_a_key_waits_until_the_first_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    brake = Attempts(most=2, window=60)
    brake.failed("a")
    clock[0] = 110
    brake.failed("a")
    assert brake.wait("a") == 50
    assert brake.wait("b") == 0
    clock[0] = 160.1
    assert brake.wait("a") == 0


def test_a_success_forgets_the_failures() -> None:
    brake = Attempts(most=1)
    brake.failed("a")
    brake.succeeded("a")
    assert brake.wait("a") == 0


def test_invented_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_KEYS", 3)
    brake = Attempts()
    for number in range(10):
        brake.failed(str(number))
    assert len(brake._failures) == 3
