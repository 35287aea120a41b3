"""The index of the shipped corpus, built once for all tests and copied into the homes that need one."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import index
from settings import get_settings


@pytest.fixture(scope="session")
def built_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with nothing but the index; parallel test processes share it (the index has its own lock)."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "indexed"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDHIVE_HOME", str(folder))
        get_settings.cache_clear()
        index.open_index()
    get_settings.cache_clear()
    return folder


@pytest.fixture
def companion_home(home: Path, built_index: Path) -> Iterator[Path]:
    """A fresh installation whose index is ready; nothing is embedded again."""
    shutil.copytree(built_index / "chroma", home / "chroma")
    yield home
    index._open.pop(home.resolve(), None)


@pytest.fixture
def with_index(home: Path, opened: index.Index, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh installation that shares one open index with other tests; for those that only read it."""
    monkeypatch.setitem(index._open, home.resolve(), opened)
    monkeypatch.setattr(opened, "stamp", index.stamp_of(home.resolve()))
    return home


@pytest.fixture(scope="session")
def opened(built_index: Path) -> index.Index:
    """The index itself, for tests that only read."""
    return index._open[built_index.resolve()]
