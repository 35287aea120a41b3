"""The vault: what sites contributed, encrypted at rest (AES-256-GCM, a fresh nonce a dataset).

A dataset is a file ``HOME/vault/<site>/<dataset>`` and a row in the database, both or neither. Its ciphertext is bound
to site, task and number, so that a file moved to another place does not open.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.database import DatasetRecord, Site, now, transaction
from data.keys import VaultError, unwrap
from data.sealing import NotAuthentic, seal, unseal
from data.table import Dataset
from data.whole_file import write_whole
from settings import get_settings

__all__ = ["Receipt", "VaultError", "load", "receipts", "store", "withdraw"]

_LONGEST_FILENAME = 255


@dataclass(frozen=True)
class Receipt:
    """What a site has in writing for a dataset it gave. ``sha256`` is that of the file as uploaded."""

    dataset_id: int
    site: str
    task: str
    filename: str
    rows: int
    positives: int
    sha256: str
    created_at: datetime
    synthetic: bool
    withdrawn_at: datetime | None


def store(dataset: Dataset, *, task: str, site_id: int, filename: str, file_sha256: str, by: int | None) -> Receipt:
    """Keep a site's rows, encrypted.

    Raises
    ------
    VaultError
        When there are no rows, the site is unknown, it has already given the same file for this task, or the file
        cannot be written. Nothing is left behind then.
    """
    if not len(dataset):
        raise VaultError("The dataset holds no rows, so there is nothing to keep.")
    written: Path | None = None
    try:
        with transaction() as session:
            site = session.get(Site, site_id)
            if site is None:
                raise VaultError(f"There is no site {site_id}.")
            record = DatasetRecord(
                site_id=site_id,
                task=task,
                filename=_plain(filename),
                rows=len(dataset),
                positives=int((dataset.y > 0).sum()),
                sha256=file_sha256,
                path="",
                synthetic=dataset.synthetic,
                contributed_by=by,
            )
            session.add(record)
            session.flush()  # gives the number; from here to the commit no other process writes to the database
            record.site = site
            _refuse_twice(session, record)
            _sweep(session, site_id)
            record.path = f"{site_id}/{record.id}"
            written = _folder() / record.path
            written.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(written, seal(dataset, unwrap(site.wrapped_key), _place(record)), mode=0o600)
    except OSError as error:
        _remove([written] if written else [])
        raise VaultError(f"The vault cannot be written: {error.strerror}. Nothing was kept.") from error
    except BaseException:
        _remove([written] if written else [])
        raise
    return _receipt(record)


def load(dataset_id: int) -> Dataset:
    """Return the rows of a dataset.

    Raises
    ------
    VaultError
        When it is unknown, withdrawn, missing, changed since it was stored, or the master key is not the right one.
    """
    with transaction() as session:
        record = session.get(DatasetRecord, dataset_id)
    if record is None:
        raise VaultError(f"There is no dataset {dataset_id}.")
    if record.withdrawn_at is not None:
        raise VaultError(f"Dataset {dataset_id} was withdrawn by {record.site.name} and is no longer there.")
    try:
        sealed = (_folder() / record.path).read_bytes()
    except FileNotFoundError:
        raise VaultError(
            f"The file of dataset {dataset_id} is missing from the vault; restore it from a backup."
        ) from None
    except OSError as error:
        raise VaultError(f"The file of dataset {dataset_id} cannot be read: {error.strerror}.") from None
    try:
        return unseal(sealed, unwrap(record.site.wrapped_key), _place(record))
    except NotAuthentic:
        raise VaultError(
            f"The file of dataset {dataset_id} was changed since it was stored, so it is not used; "
            "restore it from a backup."
        ) from None


def withdraw(dataset_id: int, *, site_id: int) -> None:
    """Take a site's own dataset out of the vault; the receipt stays, with the time of withdrawal.

    Raises
    ------
    VaultError
        When the site has no such dataset, or has withdrawn it before.
    """
    with transaction() as session:
        record = session.get(DatasetRecord, dataset_id)
        if record is None or record.site_id != site_id:  # the same words, so that nobody learns what others gave
            raise VaultError(f"Your site has no dataset {dataset_id}.")
        if record.withdrawn_at is not None:
            raise VaultError(f"Dataset {dataset_id} was withdrawn already.")
        record.withdrawn_at = now()
    # Only after the commit: rows marked as withdrawn and not yet gone are refused by load and swept by the next store.
    try:
        _remove([_folder() / record.path])
    except OSError as error:
        raise VaultError(
            f"Dataset {dataset_id} is withdrawn and no longer used, but its encrypted file could not be removed: "
            f"{error.strerror}."
        ) from error


def receipts(site_id: int | None = None, task: str | None = None, withdrawn: bool = False) -> list[Receipt]:
    """List receipts, newest first: of one site or all, of one task or all, with or without withdrawn ones."""
    query = select(DatasetRecord).order_by(DatasetRecord.id.desc())
    if site_id is not None:
        query = query.where(DatasetRecord.site_id == site_id)
    if task is not None:
        query = query.where(DatasetRecord.task == task)
    if not withdrawn:
        query = query.where(DatasetRecord.withdrawn_at.is_(None))
    with transaction() as session:
        return [_receipt(record) for record in session.scalars(query)]


def _receipt(record: DatasetRecord) -> Receipt:
    return Receipt(
        dataset_id=record.id,
        site=record.site.name,
        task=record.task,
        filename=record.filename,
        rows=record.rows,
        positives=record.positives,
        sha256=record.sha256,
        created_at=record.created_at,
        synthetic=record.synthetic,
        withdrawn_at=record.withdrawn_at,
    )


def _refuse_twice(session: Session, record: DatasetRecord) -> None:
    twin = session.scalar(
        select(DatasetRecord).where(
            DatasetRecord.site_id == record.site_id,
            DatasetRecord.task == record.task,
            DatasetRecord.sha256 == record.sha256,
            DatasetRecord.withdrawn_at.is_(None),
            DatasetRecord.id != record.id,
        )
    )
    if twin is not None:
        raise VaultError(
            f"Your site gave the same file on {twin.created_at:%d %B %Y} as dataset {twin.id} ({twin.filename}); "
            "its rows would count twice. Withdraw that one first if you want to replace it."
        )


def _folder() -> Path:
    return get_settings().home / "vault"


def _plain(filename: str) -> str:
    """Return the last part of a file name as a browser may send it, without what does not print."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable())[-_LONGEST_FILENAME:] or "unnamed"


def _place(record: DatasetRecord) -> bytes:
    return json.dumps(["medhive dataset", record.site_id, record.task, record.id]).encode()


def _sweep(session: Session, site_id: int) -> None:
    """Remove what a killed process left of this site: files that no receipt, or only a withdrawn one, speaks of."""
    kept = session.scalars(
        select(DatasetRecord.path).where(DatasetRecord.site_id == site_id, DatasetRecord.withdrawn_at.is_(None))
    ).all()
    names = {Path(path).name for path in kept}
    folder = _folder() / str(site_id)
    if folder.is_dir():
        _remove(path for path in folder.iterdir() if path.name not in names)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
