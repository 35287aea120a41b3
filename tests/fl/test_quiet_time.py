"""What the worker does in quiet time depends on what the tasks need."""

import pytest

from fl import federation
from fl.worker import needs_ray


def test_ray_is_started_only_when_some_network_is_large_enough_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not needs_ray()
    monkeypatch.setattr(federation, "SMALL", 1000)
    assert needs_ray()
