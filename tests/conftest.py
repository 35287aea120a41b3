"""Fixtures that all tests share: a home folder of their own with a migrated database, and the real data sets."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from settings import ROOT, Settings, get_settings

# The same examples every time, so that a failure of the tests is a fault of the change; search for new ones with
# pytest --hypothesis-profile default.
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")

# Tests run in as many processes as there are cores: threads of one process would only wait for those of the other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED_DATASETS = ROOT.parent / "shared" / "datasets"


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database at the newest schema, made once and copied by each test."""
    from data import database

    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDHIVE_HOME", str(folder))
        get_settings.cache_clear()
        database.migrate()
        database.engine(get_settings().database_url).dispose()
    get_settings.cache_clear()
    return folder / "medhive.db"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_database: Path) -> Iterator[Path]:
    """A fresh installation: MEDHIVE_HOME in a temporary folder, demo mode, migrated database."""
    from accounts.allowance import forget_questions

    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copy(migrated_database, folder / "medhive.db")
    monkeypatch.setenv("MEDHIVE_HOME", str(folder))
    if SHARED_DATASETS.is_dir():
        monkeypatch.setenv("MEDHIVE_DATASETS", str(SHARED_DATASETS))
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    get_settings.cache_clear()
    forget_questions()  # persons of a fresh installation have the same numbers as those of the last one
    yield folder
    get_settings.cache_clear()


@pytest.fixture
def datasets() -> Path:
    """The folder with real data sets; skips where it is missing."""
    if not SHARED_DATASETS.is_dir():
        pytest.skip(f"needs the public data sets in {SHARED_DATASETS}")
    return SHARED_DATASETS


@pytest.fixture(scope="session")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of a home whose files take long to compute and are named by what they were computed from."""
    folder = tmp_path_factory.mktemp("computed")
    for name in ("features", "language"):
        (folder / name).mkdir()
    return folder


@pytest.fixture
def computed_once(home: Path, computed: Path) -> None:
    """Let a fresh installation find what earlier tests have computed from public data."""
    for each in computed.iterdir():
        (home / each.name).symlink_to(each, target_is_directory=True)


def pytest_collection() -> None:
    """Look for no garbage while everything is imported."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Spare later searches for garbage the million objects that the imports brought, and search more rarely."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the browser journeys save pictures."""
    parser.addoption("--pictures", default="", help="folder for screenshots of the browser journeys")
