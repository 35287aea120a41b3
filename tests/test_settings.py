"""Settings come from the environment, and an empty variable is one that is not set."""

import pytest

from settings import ROOT, Settings


@pytest.mark.parametrize("name", ["HOME", "DATASETS", "TASKS", "MASTER_KEY_FILE"])
def test_an_empty_variable_counts_as_unset(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"MEDHIVE_{name}", "")
    settings = Settings()
    assert getattr(settings, name.lower()) == Settings.model_fields[name.lower()].default


def test_the_master_key_lies_in_the_home_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDHIVE_MASTER_KEY_FILE", raising=False)
    monkeypatch.delenv("MEDHIVE_HOME", raising=False)
    assert Settings().master_key_path == ROOT / "var" / "keys" / "master.key"
