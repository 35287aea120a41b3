"""The database schema grows by revisions, and the revisions make exactly the tables that the code knows."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from data import database
from settings import get_settings


def test_the_revisions_make_exactly_the_tables_of_the_code(home: Path) -> None:
    with database.engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, database.Base.metadata) == []


def test_migrating_a_second_time_changes_nothing(home: Path) -> None:
    with database.transaction() as session:
        session.add(database.Site(name="Clinic", wrapped_key=b"k"))
    database.migrate()
    with database.transaction() as session:
        assert session.query(database.Site).one().name == "Clinic"


@pytest.mark.slow
def test_two_processes_may_migrate_a_new_home_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDHIVE_HOME", str(tmp_path))
    get_settings.cache_clear()
    script = "import sys; from data.database import migrate; migrate()"
    started = [subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE) for _ in range(2)]
    ended = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], ended
    assert ended == [b"", b""]
    with sqlite3.connect(tmp_path / "medhive.db") as connection:
        assert connection.execute("select version_num from alembic_version").fetchall() != []
    get_settings.cache_clear()
