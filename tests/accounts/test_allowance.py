"""Questions are limited a person and minute, tokens a day for all together."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from accounts import allowance
from accounts.allowance import Allowance, allowance_of
from settings import get_settings


@pytest.fixture(autouse=True)
def _few(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDHIVE_QUESTIONS_A_MINUTE", "2")
    monkeypatch.setenv("MEDHIVE_TOKENS_A_DAY", "1000")
    get_settings.cache_clear()
    allowance._asked.cache_clear()


def test_the_third_question_in_a_minute_waits_and_others_are_not_concerned() -> None:
    ada = allowance_of(1, "10.0.0.1")
    assert [ada.wait(), ada.wait()] == [0.0, 0.0]
    assert 0 < ada.wait() <= 60
    assert allowance_of(2, "10.0.0.1").wait() == 0.0
    assert allowance_of(None, "10.0.0.1").wait() == 0.0


def test_tokens_are_counted_for_all_together_and_anew_each_day(monkeypatch: pytest.MonkeyPatch) -> None:
    Allowance("a").spend(300)
    Allowance("b").spend(600)
    assert Allowance("c").tokens_left() == 100
    Allowance("a").spend(600)
    assert Allowance("c").tokens_left() == 0
    monkeypatch.setattr(allowance, "now", lambda: datetime(2031, 1, 1, tzinfo=UTC))
    assert Allowance("c").tokens_left() == 1000
