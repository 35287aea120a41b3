"""Model versions: what runs produced, and which one is the champion.

A version's files lie in HOME/versions/<task>/<number> and never change; the database row keeps their SHA-256.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from data.database import ModelVersion, transaction
from data.derived import model_key
from data.table import FloatArray
from models.class_calibration import AnyCalibration
from models.comparison import Comparison, compare_models
from models.decisions import (
    PromotionView,
    VersionError,
    champions_of_all,
    decide,
    history_of,
    lock,
    promotions,
    reason_in_words,
)
from models.preparation import Preparation
from models.registry import get_task, tasks
from models.stored import (
    MANIFEST,
    WEIGHTS,
    DamagedModel,
    Model,
    read_alone,
    read_manifest,
    read_model,
    read_weights,
    write_weights,
)
from models.task import Task
from settings import get_settings

__all__ = [
    "Comparison",
    "NoChampion",
    "PromotionView",
    "VersionError",
    "VersionView",
    "alone_weights",
    "champion",
    "compare",
    "get_version",
    "load_model",
    "plain_weights",
    "promote",
    "promotions",
    "register_shipped",
    "rollback",
    "save_version",
    "versions",
]


class NoChampion(VersionError):
    """Nothing was ever promoted for this task."""


@dataclass(frozen=True)
class VersionView:
    """A model version as pages see it. ``number`` counts within the task; ``shipped`` came with MedHive."""

    id: int
    task: str
    number: int
    run_id: int | None
    created_at: datetime
    sha256: str
    manifest: Mapping[str, Any]
    champion: bool
    shipped: bool

    @property
    def label(self) -> str:
        """The version in words."""
        return f"version {self.number}"


def _folder(path: str) -> Path:
    return get_settings().home / path


def _view(row: ModelVersion, champions: set[int]) -> VersionView:
    return VersionView(
        id=row.id,
        task=row.task,
        number=row.number,
        run_id=row.run_id,
        created_at=row.created_at,
        sha256=row.sha256,
        manifest=row.manifest,
        champion=row.id in champions,
        shipped=bool(row.manifest.get("shipped")),
    )


def _row(session: Session, version_id: int, *, with_manifest: bool = True) -> ModelVersion:
    row = session.get(ModelVersion, version_id, options=() if with_manifest else [defer(ModelVersion.manifest)])
    if row is None:
        raise VersionError(f"There is no model version with the key {version_id}.")
    return row


def _free_folder(session: Session, task: str) -> tuple[int, Path]:
    """Make and return the folder of the task's next number; making it reserves the number among processes."""
    taken = session.scalars(select(ModelVersion.number).where(ModelVersion.task == task)).all()
    number = max(taken, default=0) + 1
    while True:
        folder = _folder(f"versions/{task}/{number}")
        try:
            folder.mkdir(parents=True)
            return number, folder
        except FileExistsError:  # another process is writing it, or it was left by a crash before its row
            number += 1


def save_version(
    task: Task,
    weights: FloatArray,
    preparation: Preparation,
    calibration: AnyCalibration,
    *,
    run_id: int | None,
    manifest: Mapping[str, Any],
    alone: Mapping[str, FloatArray] | None = None,
) -> VersionView:
    """Keep a trained model as the task's next version, a challenger: files first, then the row, or nothing at all.

    Parameters
    ----------
    weights : (p,) flat weights.
    run_id : the run it comes from, None for none.
    manifest : what models.manifest.describe returns.
    alone : see models.stored.write_weights.
    """
    with transaction() as session:
        number, folder = _free_folder(session, task.name)
        try:
            key = model_key(to_write=True)
            sha256 = write_weights(folder, task, weights, preparation, calibration, manifest, key=key, alone=alone)
            return _view(_add(session, task.name, number, folder, sha256, run_id), set())
        except BaseException:
            shutil.rmtree(folder)
            raise


def _add(session: Session, task: str, number: int, folder: Path, sha256: str, run_id: int | None) -> ModelVersion:
    path = str(folder.relative_to(get_settings().home))  # HOME may move
    row = ModelVersion(
        task=task, number=number, run_id=run_id, path=path, sha256=sha256, manifest=read_manifest(folder)
    )
    session.add(row)
    session.flush()
    return row


def register_shipped() -> None:
    """Make the models that come with MedHive versions of this installation; calling it again changes nothing.

    Their files are copied into HOME, so that they stay after an update. A task without a decision, or whose champion
    is an older shipped version, gets the shipped one as champion; what a person promoted is left alone.
    """
    for task in tasks().values():
        if not (task.folder / WEIGHTS).exists():
            continue
        manifest = read_manifest(task.folder)
        with transaction() as session:
            lock(session)
            rows = session.scalars(select(ModelVersion).where(ModelVersion.task == task.name)).all()
            row = next((row for row in rows if row.sha256 == manifest["sha256"]), None)
            if row is None:
                _check_shipped(task, manifest["sha256"])
                row = _copy_in(session, task)
            history = history_of(session, task.name)
            champion = session.get(ModelVersion, history[-1]) if history else None
            if champion is None or (champion.manifest.get("shipped") and champion.id < row.id):
                decide(session, row, "shipped", "took in a shipped model", "comes with MedHive", None)


def _check_shipped(task: Task, sha256: str) -> None:
    """Raise DamagedModel for files that were changed: they are not taken in."""
    if task.adapts:
        read_weights(task.folder, sha256)  # its network would take seconds, and half a gigabyte, at every first start
    else:
        read_model(task.folder, task, sha256)


def _copy_in(session: Session, task: Task) -> ModelVersion:
    number, folder = _free_folder(session, task.name)
    try:
        for name in (WEIGHTS, MANIFEST):
            shutil.copyfile(task.folder / name, folder / name)
        return _add(session, task.name, number, folder, read_manifest(folder)["sha256"], None)
    except BaseException:
        shutil.rmtree(folder)
        raise


def versions(task: str | None = None) -> list[VersionView]:
    """Return all versions, or those of a task, newest first."""
    with transaction() as session:
        query = select(ModelVersion).order_by(ModelVersion.task, ModelVersion.number.desc())
        rows = session.scalars(query.where(ModelVersion.task == task) if task else query).all()
        champions = champions_of_all(session)
        return [_view(row, champions) for row in rows]


def get_version(version_id: int) -> VersionView:
    """Return a version; raises VersionError when there is none with this key."""
    with transaction() as session:
        row = _row(session, version_id)
        return _view(row, set(history_of(session, row.task)[-1:]))


def champion(task: str) -> VersionView | None:
    """Return the version that Model Hive serves for ``task``, None before the first promotion."""
    with transaction() as session:
        history = history_of(session, task)
        return _view(_row(session, history[-1]), {history[-1]}) if history else None


@lru_cache(maxsize=32)
def _read(folder: Path, task: str, sha256: str) -> Model:
    return read_model(folder, get_task(task), sha256)


def load_model(version_id: int) -> Model:
    """Return a version ready to answer; read once a process.

    Raises
    ------
    VersionError
        When there is no such version, or its file is missing, was changed, or no longer fits the task's network.
    """
    with transaction() as session:
        row = _row(session, version_id, with_manifest=False)
        folder, task, sha256 = _folder(row.path), row.task, row.sha256
    try:
        return _read(folder, task, sha256)
    except DamagedModel as error:
        raise VersionError(str(error)) from error


def plain_weights(version_id: int) -> bytes:
    """Return a version's weights as an open safetensors file; raises VersionError as ``load_model`` does."""
    with transaction() as session:
        row = _row(session, version_id)
    try:
        return read_weights(_folder(row.path), row.sha256)
    except DamagedModel as error:
        raise VersionError(str(error)) from error


def alone_weights(version_id: int) -> dict[str, FloatArray]:
    """Return site → (p,) weights of what each had alone, as far as kept; raises VersionError as ``load_model`` does."""
    with transaction() as session:
        row = _row(session, version_id)
    try:
        return read_alone(_folder(row.path), row.sha256)
    except DamagedModel as error:
        raise VersionError(str(error)) from error


def promote(version_id: int, *, reason: str, by: int | None) -> None:
    """Make a version the champion of its task and write the decision into the audit log, both or neither.

    Raises
    ------
    VersionError
        Without a reason, for a version that is the champion already, and for one whose file was changed.
    """
    words = reason_in_words(reason)
    load_model(version_id)
    with transaction() as session:
        lock(session)
        row = _row(session, version_id)
        if history_of(session, row.task)[-1:] == [version_id]:
            raise VersionError(f"Version {row.number} is the champion of {row.task} already.")
        decide(session, row, "promote", "promoted a model", words, by)


def rollback(task: str, *, reason: str, by: int | None) -> VersionView:
    """Go back to the champion before, write that into the audit log, and return it.

    Going back twice leads to the one before that: a version that was rolled back is not returned to.

    Raises
    ------
    VersionError
        Without a reason, and when there is no champion before.
    """
    words = reason_in_words(reason)
    with transaction() as session:
        lock(session)
        history = history_of(session, get_task(task).name)
        if len(history) < 2:
            raise VersionError(f"There is no champion of {task} before the present one to go back to.")
        row = _row(session, history[-2])
        _check_files(row)
        decide(session, row, "rollback", "rolled back a model", words, by)
        return _view(row, {row.id})


def _check_files(row: ModelVersion) -> None:
    try:
        _read(_folder(row.path), row.task, row.sha256)
    except DamagedModel as error:
        raise VersionError(str(error)) from error


def compare(challenger_id: int, champion_id: int | None) -> Comparison:
    """Score both versions on the task's held-out rows now, and how they differ on the same rows."""
    challenger = load_model(challenger_id)
    other = load_model(champion_id) if champion_id is not None else None
    if other is not None and other.task.name != challenger.task.name:
        raise VersionError(f"A version of {challenger.task.name} cannot be compared with one of {other.task.name}.")
    return compare_models(challenger.task, challenger, other)
