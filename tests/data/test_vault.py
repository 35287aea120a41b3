"""The vault keeps what sites gave: whole or not at all, readable by nobody else, gone when withdrawn."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from data import vault
from data.database import DatasetRecord, Site, transaction
from data.keys import VaultError, master_key
from data.sites import ensure_site
from data.table import Dataset
from settings import get_settings
from tests.tampering import change_one_bit

SHA = "a" * 64
PATIENTS = Dataset(
    np.array([[61.5, np.nan], [72.25, 98.0], [61.5, 97.0]], np.float32),
    np.array([0, 1, 1]),
    "a distinctive source sentence",
    synthetic=True,
    natural_sites=("Cleveland", "Budapest", "Cleveland"),
)


def site(name: str = "City Hospital") -> int:
    with transaction() as session:
        return ensure_site(session, name).id


def give(site_id: int, sha: str = SHA, filename: str = "patients.csv") -> vault.Receipt:
    return vault.store(PATIENTS, task="vitals", site_id=site_id, filename=filename, file_sha256=sha, by=None)


def files(home: Path) -> list[Path]:
    return [path for path in (home / "vault").rglob("*") if path.is_file()]


def test_what_is_stored_comes_back_equal_in_every_part(home: Path) -> None:
    back = vault.load(give(site()).dataset_id)
    assert back.fingerprint == PATIENTS.fingerprint
    assert (back.source, back.synthetic, back.natural_sites) == (
        PATIENTS.source, PATIENTS.synthetic, PATIENTS.natural_sites,
    )  # fmt: skip


def test_the_receipt_says_what_was_given(home: Path) -> None:
    receipt = give(site())
    assert (receipt.site, receipt.task, receipt.filename) == ("City Hospital", "vitals", "patients.csv")
    assert (receipt.rows, receipt.positives, receipt.sha256, receipt.synthetic) == (3, 2, SHA, True)
    assert receipt.withdrawn_at is None
    assert vault.receipts() == [receipt]


def test_the_file_holds_neither_rows_nor_words_of_the_dataset_and_only_its_owner_may_read_it(home: Path) -> None:
    give(site())
    (file,) = files(home)
    content = file.read_bytes()
    assert PATIENTS.x.tobytes() not in content
    assert PATIENTS.x[1].tobytes() not in content
    assert b"distinctive" not in content
    assert b"Cleveland" not in content
    assert file.stat().st_mode & 0o777 == 0o600
    database = b"".join(path.read_bytes() for path in home.glob("medhive.db*"))
    assert b"distinctive" not in database
    assert master_key() not in database


def test_the_same_rows_are_never_the_same_ciphertext(home: Path) -> None:
    first, second = give(site("A")), give(site("B"))
    contents = {(home / "vault" / str(r)).read_bytes() for r in ("1/1", "2/2")}
    assert first.dataset_id != second.dataset_id
    assert len(contents) == 2


@pytest.mark.parametrize("at", [0, 10, 40, -1])
def test_a_file_with_one_changed_bit_is_refused(home: Path, at: int) -> None:
    number = give(site()).dataset_id
    (file,) = files(home)
    change_one_bit(file, at)
    with pytest.raises(VaultError, match="was changed since it was stored"):
        vault.load(number)


@pytest.mark.parametrize("keep", [0, 5, 20, 60])
def test_a_shortened_file_is_refused(home: Path, keep: int) -> None:
    number = give(site()).dataset_id
    (file,) = files(home)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(VaultError, match="was changed"):
        vault.load(number)


def test_a_file_put_in_the_place_of_another_dataset_is_refused(home: Path) -> None:
    here = site()
    first, second = give(here), give(here, sha="b" * 64)
    folder = home / "vault" / str(here)
    (folder / str(first.dataset_id)).write_bytes((folder / str(second.dataset_id)).read_bytes())
    with pytest.raises(VaultError, match="was changed"):
        vault.load(first.dataset_id)


def test_a_missing_file_is_named(home: Path) -> None:
    number = give(site()).dataset_id
    files(home)[0].unlink()
    with pytest.raises(VaultError, match=f"dataset {number} is missing"):
        vault.load(number)


def test_another_master_key_opens_nothing(home: Path) -> None:
    number = give(site()).dataset_id
    get_settings().master_key_path.write_bytes(bytes(32))
    with pytest.raises(VaultError, match="is not the one"):
        vault.load(number)
    with pytest.raises(VaultError, match="is not the one"):
        give(1, sha="b" * 64)
    assert len(vault.receipts()) == 1


def test_a_lost_master_key_is_not_quietly_replaced_by_a_new_one(home: Path) -> None:
    number = give(site()).dataset_id
    get_settings().master_key_path.unlink()
    with pytest.raises(VaultError, match="master key is missing"):
        vault.load(number)
    with pytest.raises(VaultError, match="master key is missing"):
        site("Another Hospital")
    assert not get_settings().master_key_path.exists()


def test_the_master_key_is_made_on_first_use_for_its_owner_only(home: Path) -> None:
    path = get_settings().master_key_path
    assert not path.exists()
    site()
    assert len(path.read_bytes()) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_master_key_that_others_can_read_is_refused(home: Path) -> None:
    site()
    get_settings().master_key_path.chmod(0o644)
    with pytest.raises(VaultError, match="chmod 600"):
        site("Another Hospital")


def test_a_master_key_of_the_wrong_length_is_refused(home: Path) -> None:
    site()
    get_settings().master_key_path.write_bytes(b"short")
    with pytest.raises(VaultError, match="holds 5 bytes"):
        give(1)


def test_a_failure_while_writing_leaves_neither_file_nor_receipt(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = site()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("data.whole_file.os.fsync", full)
    with pytest.raises(VaultError, match="No space left on device"):
        give(here)
    assert files(home) == []
    assert vault.receipts() == []


def test_a_failure_of_the_commit_leaves_neither_file_nor_receipt(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = site()
    real = vault.write_whole

    def write_then_fail(path: Path, content: bytes, mode: int) -> None:
        real(path, content, mode)
        raise RuntimeError("killed here")

    monkeypatch.setattr(vault, "write_whole", write_then_fail)
    with pytest.raises(RuntimeError):
        give(here)
    assert files(home) == []
    assert vault.receipts() == []


def test_what_a_killed_process_left_is_swept_by_the_next_store(home: Path) -> None:
    here = site()
    folder = home / "vault" / str(here)
    folder.mkdir(parents=True)
    (folder / "1").write_bytes(b"renamed, never committed")
    (folder / ".9.0badcafe").write_bytes(b"half written")
    number = give(here).dataset_id
    assert [path.name for path in files(home)] == [str(number)]
    assert vault.load(number).fingerprint == PATIENTS.fingerprint


def test_a_withdrawn_dataset_is_gone_and_its_receipt_stays(home: Path) -> None:
    here = site()
    number = give(here).dataset_id
    vault.withdraw(number, site_id=here)
    assert files(home) == []
    with pytest.raises(VaultError, match="withdrawn by City Hospital"):
        vault.load(number)
    assert vault.receipts(here) == []
    (receipt,) = vault.receipts(here, withdrawn=True)
    assert receipt.withdrawn_at is not None
    with pytest.raises(VaultError, match="withdrawn already"):
        vault.withdraw(number, site_id=here)


def test_a_site_cannot_withdraw_what_another_gave_nor_learn_of_it(home: Path) -> None:
    number = give(site("A")).dataset_id
    other = site("B")
    messages = []
    for wanted in (number, 999):
        with pytest.raises(VaultError) as refused:
            vault.withdraw(wanted, site_id=other)
        messages.append(str(refused.value).replace(str(wanted), "N"))
    assert messages[0] == messages[1]
    assert vault.load(number).fingerprint == PATIENTS.fingerprint


def test_the_same_file_is_not_taken_twice_unless_the_first_was_withdrawn(home: Path) -> None:
    here = site()
    number = give(here).dataset_id
    with pytest.raises(VaultError, match=f"as dataset {number}"):
        give(here)
    assert len(files(home)) == 1
    vault.withdraw(number, site_id=here)
    assert give(here).rows == 3


def test_receipts_are_listed_by_site_and_task_newest_first(home: Path) -> None:
    a, b = site("A"), site("B")
    first, second, third = give(a), give(b), give(a, sha="b" * 64)
    assert vault.receipts(a) == [third, first]
    assert vault.receipts(b, "vitals") == [second]
    assert vault.receipts(task="breast_cancer") == []


def test_a_file_name_from_a_browser_cannot_lead_elsewhere(home: Path) -> None:
    here = site()
    assert give(here, filename="../../etc/passwd").filename == "passwd"
    assert give(here, sha="b" * 64, filename="C:\\wards\\four.csv").filename == "four.csv"
    assert give(here, sha="c" * 64, filename="a\n\x1b[31mb.csv").filename == "a[31mb.csv"
    assert give(here, sha="d" * 64, filename="/").filename == "unnamed"
    assert len(files(home)) == 4


def test_rows_of_nobody_and_no_rows_are_refused(home: Path) -> None:
    with pytest.raises(VaultError, match="no site 7"):
        give(7)
    empty = PATIENTS.take(np.array([], np.int64))
    with pytest.raises(VaultError, match="no rows"):
        vault.store(empty, task="vitals", site_id=site(), filename="f", file_sha256=SHA, by=None)


def test_a_site_is_made_once_and_its_key_is_its_own(home: Path) -> None:
    assert site("City  Hospital ") == site("City Hospital") != site("Clinic")
    with transaction() as session:
        keys = session.scalars(select(Site.wrapped_key)).all()
    assert len(set(keys)) == 2
    for name in ("", "  ", "x" * 121, "a\x00b"):
        with pytest.raises(ValueError, match="needs a name"):
            site(name)


def test_a_row_that_points_elsewhere_opens_nothing(home: Path) -> None:
    number = give(site()).dataset_id
    with transaction() as session:
        record = session.get(DatasetRecord, number)
        assert record is not None
        record.task = "breast_cancer"
    with pytest.raises(VaultError, match="was changed"):
        vault.load(number)
