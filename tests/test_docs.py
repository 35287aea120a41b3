"""The documentation says what is: its commands, flags, settings, targets, links and pictures exist."""

import io
import re
import runpy
import sys
from contextlib import redirect_stderr, redirect_stdout
from functools import lru_cache
from pathlib import Path

import pytest

from settings import ROOT, Settings

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES if page.exists()}
EVERYTHING = "\n".join(TEXT.values())
COMMANDS = sorted(set(re.findall(r"python -m (\w+) ([a-z][a-z-]*)((?: [^\n`|#]*)?)", EVERYTHING)))
OWN_PACKAGES = {path.parent.name for path in ROOT.glob("*/__main__.py")}


@lru_cache
def _help(package: str, *command: str) -> str:
    """Return what ``python -m package command --help`` prints, run in this process, since the imports take seconds."""
    said, complaint = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(complaint):
        patch.delitem(sys.modules, f"{package}.__main__", raising=False)  # another test may have imported it
        patch.setattr(sys, "argv", [package, *command, "--help"])
        with pytest.raises(SystemExit) as end:
            runpy.run_module(package, run_name="__main__", alter_sys=True)
    assert not end.value.code, f"python -m {package} {' '.join(command)} does not exist: {complaint.getvalue()[-300:]}"
    return said.getvalue()


@pytest.mark.parametrize(("package", "command", "rest"), COMMANDS, ids=lambda value: str(value).strip()[:40])
def test_every_documented_command_exists_with_its_flags(package: str, command: str, rest: str) -> None:
    if package not in OWN_PACKAGES:
        pytest.fail(f"the documentation names python -m {package}, which is not a command of MedHive")
    text = _help(package, command)
    if (below := rest.split(" ")[1:2]) and f"\n    {below[0]} " in text:  # a command of a command
        text = _help(package, command, below[0])
    for flag in re.findall(r"--[a-z][a-z-]*", rest):
        assert flag in text, f"python -m {package} {command} has no {flag}"


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    documented = set(re.findall(r"MEDHIVE_[A-Z_]*[A-Z]", EVERYTHING))
    settings = {f"MEDHIVE_{name.upper()}" for name in Settings.model_fields}
    assert documented - {"MEDHIVE_ADMIN_PASSWORD"} == settings


def test_every_make_target_in_the_documentation_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"`make ([a-z]+)`", EVERYTHING)) <= targets


@pytest.mark.parametrize("page", TEXT, ids=lambda page: page.name)
def test_every_relative_link_and_picture_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", TEXT[page]):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


def test_files_named_in_the_architecture_exist() -> None:
    text = TEXT[ROOT / "docs" / "architecture.md"]
    for name in re.findall(r"`((?:pages|components|api|fl|models|accounts|data|rag)/[\w/]*(?:\.py)?)`", text):
        assert (ROOT / name).exists(), f"docs/architecture.md names {name}, which is not there"
