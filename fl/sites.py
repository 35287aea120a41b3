"""Who takes part in a run, and the rows each site holds.

The roster is made from names and receipts, without opening the vault. Rows are read where a site computes: a part of
the public training rows, or what a site contributed, less every row that is also held out for scoring.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from sqlalchemy import select

from data import vault
from data.database import DatasetRecord, transaction
from data.partition import Split, hold_out, partition, set_aside
from data.public import DataMissing
from data.table import Dataset, IntArray
from fl.attacks import OF_ROWS, Attack, parse_attack
from fl.deploy.nodes import roster as deployed_sites
from fl.request import RequestError, RunRequest
from fl.watcher import SiteInfo
from models.encoding import encoded
from models.registry import get_task


@dataclass(frozen=True)
class SiteRows:
    """What a site trains on, how many rows it left out since they are held out for scoring, and what it set aside."""

    rows: Dataset
    left_out: int = 0
    aside: Dataset | None = None


ASIDE = 11  # keeps what sites set aside apart from other draws of the same seed

_DIVIDED: dict[str, Split] = {}  # tasks whose rows are divided otherwise for now, by cross-validation


@lru_cache(maxsize=16)
def public_split(task: str) -> tuple[Dataset, Split]:
    """Return a task's public rows and which of them are for training, calibration and scoring.

    Raises
    ------
    RequestError
        When the public data are not there.
    """
    try:
        rows = get_task(task).public()
    except DataMissing as error:
        raise RequestError(str(error)) from None
    return rows, _DIVIDED.get(task) or hold_out(rows)


@contextmanager
def divided(task: str, split: Split) -> Iterator[None]:
    """Divide a task's public rows by ``split`` in this process for the length of the block, as a fold needs it."""
    caches = (public_split, _public_parts, _kept_back)
    _DIVIDED[task] = split
    try:
        for cache in caches:
            cache.cache_clear()
        yield
    finally:
        del _DIVIDED[task]
        for cache in caches:
            cache.cache_clear()


@lru_cache(maxsize=4)
def public_features(task: str) -> Dataset:
    """Return a task's public rows as the engine works with them: encoded, where the task has an encoder."""
    return encoded(get_task(task), public_split(task)[0], keep=True)


def public_rows(task: str, part: Literal["training", "calibration", "heldout"]) -> Dataset:
    """Return a part of a task's public rows, encoded; of rows to judge by, those that the task scores."""
    index: IntArray = getattr(public_split(task)[1], part)
    rows = public_features(task).take(index)
    return rows if part == "training" else get_task(task).scored(rows)


def encode_public(task: str, check: Callable[[], None]) -> None:
    """Encode the public rows of a task and keep the features; where they are kept already, nothing is done."""
    encoded(get_task(task), public_split(task)[0], keep=True, check=lambda *_: check())


def roster(request: RunRequest) -> list[SiteInfo]:
    """Return the sites of a run: parts of the public data first, then contributing sites in the order they joined.

    Raises
    ------
    RequestError
        When the public data cannot be divided as asked, or a dataset is unknown, withdrawn or of another task.
    """
    if request.executor == "deployed":
        return deployed_sites(request)
    public = []
    for position, (name, index) in enumerate(_public_parts(request.plan)):
        rows = public_split(request.task)[0]
        generated = len(index) if rows.synthetic else 0
        public.append(SiteInfo(position, name, len(index), int((rows.y[index] > 0).sum()), generated))
    contributed: dict[int, SiteInfo] = {}
    for record in sorted(_records(request), key=lambda record: (record.site_id, record.id)):
        known = contributed.get(record.site_id, SiteInfo(0, record.site.name, site_id=record.site_id))
        contributed[record.site_id] = replace(
            known,
            samples=known.samples + record.rows,
            positives=known.positives + record.positives,
            synthetic=known.synthetic + (record.rows if record.synthetic else 0),
            dataset_ids=(*known.dataset_ids, record.id),
        )
    return [
        replace(site, position=position, name=_unlike(site.name, public) if position >= len(public) else site.name)
        for position, site in enumerate([*public, *contributed.values()])
    ]


def described(request: RunRequest, sites: Sequence[SiteInfo]) -> dict[str, Any]:
    """Return what a manifest says of the data: the public rows, how many rows served what, and who trained.

    ``synthetic`` is about the rows that a model is scored on, ``n_synthetic`` counts generated training rows.
    """
    rows = public_split(request.task)[0]
    return {
        "source": rows.source,
        "fingerprint": rows.fingerprint,
        "n_training": sum(site.samples for site in sites),
        "n_synthetic": sum(site.synthetic for site in sites),
        "n_calibration": len(public_rows(request.task, "calibration")),
        "n_heldout": len(public_rows(request.task, "heldout")),
        "synthetic": rows.synthetic,
        "sites": [{"name": site.name, "samples": site.samples} for site in sites],
    }


def rows_of(request: RunRequest, position: int) -> SiteRows:
    """Return the rows of the site at ``position``; in a deployed run, those in the vault of this installation.

    Where the request asks for ``personal``, a fifth of them is set aside, the same whoever asks.

    Raises
    ------
    data.vault.VaultError
        When a dataset was withdrawn in the meantime or cannot be opened.
    """
    own = _all_rows_of(request, position)
    return _some_set_aside(own, request.seed, position) if request.personal else own


def _some_set_aside(own: SiteRows, seed: int, position: int) -> SiteRows:
    kept, aside = set_aside(own.rows, (ASIDE, seed, position))
    return SiteRows(own.rows.take(kept), own.left_out, own.rows.take(aside))


def _all_rows_of(request: RunRequest, position: int) -> SiteRows:
    if request.executor == "deployed":
        return without_held_out(join(_own(request.task)), request.task)
    parts = _public_parts(request.plan)
    if position < len(parts):
        rows = public_features(request.task).take(parts[position][1])
        if (attack := attack_of(request, position)) and attack.kind in OF_ROWS:
            rows = attack.rows(get_task(request.task), rows, request.seed, position)
        return SiteRows(rows)
    datasets = [vault.load(number) for number in roster(request)[position].dataset_ids]
    return without_held_out(join(datasets), request.task)


def attack_of(request: RunRequest, position: int) -> Attack | None:
    """Return the attack that a trial asks of the site at ``position``, None for an honest one."""
    attack = parse_attack(request.attack)
    return attack if attack and position in attackers(request) else None


def attackers(request: RunRequest) -> frozenset[int]:
    """Return the positions of the sites that attack, among those made from public data."""
    attack = parse_attack(request.attack)
    return attack.positions(len(_public_parts(request.plan)), request.seed) if attack else frozenset()


def _own(task: str) -> list[Dataset]:
    own = sorted(receipt.dataset_id for receipt in vault.receipts(task=task))
    if not own:
        raise RequestError(f"it has no rows for {task}: add some with python -m fl deploy add-data")
    return [vault.load(number) for number in own]


def without_held_out(rows: Dataset, task: str) -> SiteRows:
    """Return ``rows`` less those whose inputs equal a row kept for calibration or scoring."""
    kept_back = _kept_back(task)
    rows = encoded(get_task(task), rows)
    index = np.array([i for i, digest in enumerate(rows.row_hashes) if digest not in kept_back], dtype=np.int64)
    return SiteRows(rows.take(index), len(rows) - len(index))


def join(parts: list[Dataset]) -> Dataset:
    """Return the rows of all ``parts``, in order."""
    return Dataset(
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.y for part in parts]),
        "; ".join(dict.fromkeys(part.source for part in parts)),
        any(part.synthetic for part in parts),
        digests=_joined([part.digests for part in parts]),
    )


def _joined(digests: Sequence[tuple[bytes, ...] | None]) -> tuple[bytes, ...] | None:
    known = [each for each in digests if each is not None]
    return tuple(digest for each in known for digest in each) if len(known) == len(digests) else None


@lru_cache(maxsize=4)
def _public_parts(plan: str) -> list[tuple[str, IntArray]]:
    request = RunRequest.from_json(plan)
    if not request.sites:
        return []
    rows, split = public_split(request.task)
    try:
        parts = partition(rows.take(split.training), request.partition, request.sites, request.seed)
    except ValueError as error:
        raise RequestError(f"{error}.") from None
    return [(name, split.training[index]) for name, index in parts]


@lru_cache(maxsize=4)
def _kept_back(task: str) -> frozenset[bytes]:
    rows, split = public_split(task)
    return frozenset(rows.row_hashes[i] for part in (split.calibration, split.heldout) for i in part)


def _records(request: RunRequest) -> list[DatasetRecord]:
    if not request.datasets:
        return []
    with transaction() as session:
        records = list(session.scalars(select(DatasetRecord).where(DatasetRecord.id.in_(request.datasets))))
    if missing := sorted(set(request.datasets) - {record.id for record in records}):
        raise RequestError(f"there is no dataset {missing[0]}: see the receipts for the numbers there are.")
    for record in records:
        if record.task != request.task:
            raise RequestError(f"dataset {record.id} is of task {record.task}, not of {request.task}.")
        if record.withdrawn_at is not None:
            raise RequestError(f"dataset {record.id} was withdrawn by {record.site.name}: leave it out.")
    return records


def _unlike(name: str, public: list[SiteInfo]) -> str:
    """Return a name that no part of the public data has, so that a sentence names one site only."""
    return f"{name} (contributed)" if name in {site.name for site in public} else name
