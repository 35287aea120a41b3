"""From what a site holds (pictures, signals) to the numbers that the engine works with, once.

The frozen encoder of a task runs where the rows are. Features of public data are kept in ``HOME/features``; those of
contributed rows only in the memory of the process that trains on them, since numbers made of a patient's picture are
health data too, and outside the vault nothing of them is written down.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from data.table import Dataset, FloatArray
from data.whole_file import write_whole
from models.task import Task
from settings import get_settings

AT_ONCE = 32  # rows between two looks at whether to stop


Check = Callable[[int, int], None]


def encoded(task: Task, rows: Dataset, *, keep: bool = False, check: Check = lambda *_: None) -> Dataset:
    """Return ``rows`` with features in place of what was given; the same rows when the task has no encoder.

    They keep their digests, so that a row is known again whether it is encoded or not.

    Parameters
    ----------
    keep : whether features may be written into HOME; for public rows only.
    check : called now and then with how many rows of how many are done; what it raises ends the computation.
    """
    if _as_needed(task, rows):
        return rows
    if keep and (known := kept(task, rows)):
        return known
    x = _compute(task, rows, check)
    if keep:
        _write(_file(task, rows), x)
    return _with(rows, x)


def kept(task: Task, rows: Dataset) -> Dataset | None:
    """Return what ``encoded`` does where that costs nothing: its features were kept, or none are needed; else None."""
    if _as_needed(task, rows):
        return rows
    x = _read(_file(task, rows), len(rows))
    return None if x is None else _with(rows, x)


def _as_needed(task: Task, rows: Dataset) -> bool:
    return not task.encoder or rows.digests is not None


def _with(rows: Dataset, x: FloatArray) -> Dataset:
    return Dataset(
        x, rows.y, rows.source, rows.synthetic, rows.natural_sites, rows.groups, rows.parts, tuple(rows.row_hashes)
    )


def _compute(task: Task, rows: Dataset, check: Check) -> FloatArray:
    parts = []
    for start in range(0, len(rows), AT_ONCE):
        check(start, len(rows))
        parts.append(task.encode(rows.x[start : start + AT_ONCE]))
    return np.concatenate(parts).astype(np.float32) if parts else task.encode(rows.x)


def _file(task: Task, rows: Dataset) -> Path:
    content = hashlib.sha256(b"".join(rows.row_hashes)).hexdigest()
    return get_settings().home / "features" / f"{task.encoder}-{content[:32]}.npy"


def _read(file: Path, count: int) -> FloatArray | None:
    try:
        x: FloatArray = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return x if x.dtype == np.float32 and x.shape[:1] == (count,) and np.isfinite(x).all() else None


def _write(file: Path, x: FloatArray) -> None:
    import io

    content = io.BytesIO()
    np.save(content, x, allow_pickle=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, content.getvalue())
