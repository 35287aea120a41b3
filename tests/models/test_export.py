"""Models lie sealed at home, and leave it as a signed file in which any change shows."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from safetensors.numpy import load

from data.derived import public_signing_key
from data.sealing import is_sealed
from models.__main__ import main
from models.export import NotGenuine, export, exported, verify
from models.registry import get_task
from models.stored import WEIGHTS
from models.versions import VersionError, VersionView, load_model, plain_weights, save_version
from settings import get_settings
from tests.models.conftest import manifest_of, untrained


@pytest.fixture
def version(home: Path) -> VersionView:
    task = get_task("vitals")
    return save_version(task, *untrained(task, seed=1), run_id=None, manifest=manifest_of(task))


@pytest.fixture
def file(version: VersionView, tmp_path: Path) -> Path:
    export(version, tmp_path / "model.zip")
    return tmp_path / "model.zip"


def test_weights_in_home_are_sealed_and_no_file_there_holds_them_open(home: Path, version: VersionView) -> None:
    path = home / "versions" / "vitals" / "1" / WEIGHTS
    plain = plain_weights(version.id)
    assert is_sealed(path.read_bytes())
    piece = plain[len(plain) // 2 : len(plain) // 2 + 64]
    assert not [each for each in home.rglob("*") if each.is_file() and piece in each.read_bytes()]


def test_without_the_master_key_a_model_says_what_is_missing(home: Path, version: VersionView) -> None:
    get_settings().master_key_path.unlink()
    with pytest.raises(VersionError, match="The master key is missing"):
        load_model(version.id)


def test_an_export_verifies_and_holds_the_weights(file: Path, version: VersionView) -> None:
    found = verify(file)
    assert (found.task, found.version, found.sha256, found.key) == ("vitals", 1, version.sha256, public_signing_key())
    with zipfile.ZipFile(file) as archive:
        assert load(archive.read(WEIGHTS))
    assert file.read_bytes() == exported(version)


@pytest.mark.parametrize("part", ["weights.safetensors", "manifest.json", "signature.json"])
def test_a_changed_part_is_refused_with_a_sentence(file: Path, part: str) -> None:
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    changed = bytearray(parts[part])
    changed[len(changed) // 2] ^= 1
    if part == "signature.json":
        document = json.loads(parts[part])
        changed = bytearray(json.dumps({**document, "version": 7}).encode())
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in {**parts, part: bytes(changed)}.items():
            archive.writestr(name, content)
    with pytest.raises(NotGenuine, match="was changed after it was exported"):
        verify(file)


def test_a_file_that_is_no_export_is_refused(tmp_path: Path, home: Path) -> None:
    (tmp_path / "note.zip").write_bytes(b"PK nothing")
    with pytest.raises(NotGenuine, match="is no export of MedHive"):
        verify(tmp_path / "note.zip")
    with pytest.raises(NotGenuine, match="is not there"):
        verify(tmp_path / "gone.zip")


def test_another_installations_signature_is_refused_unless_its_key_is_given(
    file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = public_signing_key()
    other = home.parent / "other"
    other.mkdir()
    shutil.copy(home / "medhive.db", other / "medhive.db")
    path = other / "master.key"
    path.write_bytes(bytes(range(32)))
    path.chmod(0o600)
    monkeypatch.setenv("MEDHIVE_MASTER_KEY_FILE", str(path))
    get_settings.cache_clear()
    with pytest.raises(NotGenuine, match="not by this installation's"):
        verify(file)
    assert verify(file, key=theirs).key == theirs
    with pytest.raises(NotGenuine, match="not by the one given"):
        verify(file, key="00" * 32)


def test_the_command_exports_verifies_and_refuses_with_exit_code_two(
    version: VersionView, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.zip"
    assert main(["export", "vitals:1", str(file)]) == 0
    assert main(["verify", str(file)]) == 0
    assert "is genuine: vitals:1" in capsys.readouterr().out
    file.write_bytes(file.read_bytes()[:-40])
    assert main(["verify", str(file)]) == 2
    assert "cannot be read" in capsys.readouterr().err
