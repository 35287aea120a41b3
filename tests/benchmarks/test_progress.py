"""How far a benchmark is, for people who redirect it into a file."""

import pytest

from benchmarks.progress import Progress


def test_without_a_terminal_every_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(2) as progress:
        progress.step("mlp: plain")
        progress.tell("no figures for pfl")
        progress.step("mlp: pfl")

    assert capsys.readouterr().err.split("\n") == ["1/2 mlp: plain", "no figures for pfl", "2/2 mlp: pfl", ""]
