"""Environments of peers: made once, with exact versions, and a line where that fails."""

import subprocess
from pathlib import Path

import pytest

from benchmarks import environments
from benchmarks.contenders import CONTENDERS
from benchmarks.environments import NotInstalled, python_of, version_of

Call = subprocess.CompletedProcess[str]


def test_every_requirement_of_a_peer_is_pinned_exactly() -> None:
    for file in environments.REQUIREMENTS.glob("*.txt"):
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert all(line.count("==") == 1 for line in lines), file.name
    assert version_of("pfl") == "0.6.0"


def test_every_peer_has_requirements_and_others_have_none() -> None:
    for contender in CONTENDERS.values():
        assert (environments.REQUIREMENTS / f"{contender.module}.txt").is_file() == contender.peer


def test_a_peer_that_pip_cannot_install_is_reported_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Call([], 1, stdout="", stderr="WARNING: x\nERROR: No matching distribution found for pfl==0.6.0\n")
    monkeypatch.setattr(environments.subprocess, "run", lambda *_, **__: broken)

    with pytest.raises(NotInstalled, match=r"^pip could not install pfl: No matching distribution"):
        python_of("pfl", tmp_path)


def test_an_environment_is_made_once_and_shares_our_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []

    def install(command: list[str], **_: object) -> Call:
        calls.append(command)
        return Call(command, 0, "", "")

    monkeypatch.setattr(environments.subprocess, "run", install)

    python = python_of("pfl", tmp_path)
    assert python_of("pfl", tmp_path) == python

    assert len(calls) == 1 and "--no-deps" in calls[0]
    monkeypatch.undo()
    done = subprocess.run([python, "-c", "import numpy; print(numpy.__file__)"], capture_output=True, text=True)
    assert done.stdout.strip().startswith(environments.sysconfig.get_path("purelib"))
