"""Answers for single patients and for tables of them, from the champion of a task."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from data.intake.rules import wanted
from data.table import FloatArray
from models.comparison import THRESHOLD
from models.explain.table import shapley, typical
from models.stored import Model
from models.task import Task
from models.versions import NoChampion, VersionView, champion, get_version, load_model

if TYPE_CHECKING:
    import pandas as pd

NOT_FOR_CLINICAL_USE = "A research demonstration, not for clinical use."
EXPLAINED_ROWS = 20


class InputError(ValueError):
    """A row cannot be judged; the message names row, column, value and what would be right."""


@dataclass(frozen=True)
class Contribution:
    """What one input added. ``weight`` is its Shapley value in log-odds; ``value`` is None where it was missing."""

    column: str
    title: str
    value: float | None
    unit: str
    weight: float


@dataclass(frozen=True)
class Prediction:
    """The answer for one row.

    Parameters
    ----------
    answer : the answer in words.
    positive : whether ``probability`` reaches ``threshold``.
    probability, low, high : calibrated probability of the positive class and its 95 % interval.
    contributions : what each input added to the log-odds of a typical patient, largest first; () when not asked for.
    version, version_id, sha256 : the model version that answered.
    synthetic : whether it was trained on generated rows only.
    warnings : sentences about this answer.
    """

    task: str
    answer: str
    positive: bool
    probability: float
    low: float
    high: float
    threshold: float
    contributions: tuple[Contribution, ...]
    version_id: int
    version: str
    sha256: str
    synthetic: bool
    warnings: tuple[str, ...]
    not_for_clinical_use: str = NOT_FOR_CLINICAL_USE


def check_rows(task: Task, x: FloatArray) -> None:
    """Raise InputError naming the first value of (n, d) rows that the task's schema does not allow."""
    columns = task.schema.columns
    if x.ndim != 2 or x.shape[1] != len(columns):
        raise InputError(f"{task.title} needs rows of {len(columns)} values, not an array of shape {x.shape}.")
    for position, column in enumerate(columns):
        values = x[:, position].astype(np.float64)
        missing = np.isnan(values)
        # limits as float32, the precision of the rows: 0.8 written and read again must not exceed 0.8
        wrong = ~missing & ((values < np.float32(column.low)) | (values > np.float32(column.high)))
        if column.kind == "integer":
            wrong |= ~missing & (values != np.rint(values))
        if column.levels:
            wrong |= ~missing & ~np.isin(values, list(column.levels))
        if not column.nullable:
            wrong |= missing
        if wrong.any():
            row = int(np.argmax(wrong))
            given = "is missing" if missing[row] else f"is {values[row]:g}"
            raise InputError(f"Row {row + 1}, column {column.name}: {column.title} {given}; give {wanted(column)}.")


def _version(task: Task, version_id: int | None) -> VersionView:
    version = champion(task.name) if version_id is None else get_version(version_id)
    if version is None:
        raise NoChampion(f"{task.title} has no champion yet: run a federation and promote its model version.")
    if version.task != task.name:
        raise InputError(f"Model version {version.id} answers {version.task}, not {task.name}.")
    return version


def _synthetic(task: Task, version: VersionView) -> bool:
    return task.synthetic_only or bool(version.manifest.get("data", {}).get("synthetic"))


def _origin(task: Task, version: VersionView) -> str:
    """Return the sentence about generated training rows, empty when there were none."""
    data = version.manifest.get("data", {})
    if _synthetic(task, version):
        return "The model was trained on generated rows and knows nothing of real people."
    if generated := data.get("n_synthetic", 0):
        return f"{generated:,} of the {data['n_training']:,} rows that trained the model were generated."
    return ""


def _warnings(task: Task, row: FloatArray, low: float, high: float, origin: str) -> tuple[str, ...]:
    found = []
    gaps = [column.title for column, value in zip(task.schema.columns, row, strict=True) if np.isnan(value)]
    if gaps:
        found.append(f"Not given, so a typical value stood in: {', '.join(gaps)}.")
    if low < THRESHOLD <= high:
        found.append("Close call: the interval of the probability reaches to both sides of the operating point.")
    if origin:
        found.append(origin)
    return tuple(found)


def _contributions(model: Model, row: FloatArray) -> tuple[Contribution, ...]:
    def log_odds(x: FloatArray) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        return model.calibration.log_odds(model.logits(x))

    columns = model.task.schema.columns
    weights = shapley(log_odds, row, typical(model.task.schema, model.preparation.fill))
    made = [
        Contribution(
            column.name,
            column.title,
            None if np.isnan(value) else float(f"{value:.7g}"),
            column.unit,
            float(weights[position]),
        )
        for position, (column, value) in enumerate(zip(columns, row, strict=True))
    ]
    return tuple(sorted(made, key=lambda each: -abs(each.weight)))


def predict(task: Task, x: FloatArray, *, explain: bool = True, version_id: int | None = None) -> list[Prediction]:
    """Answer for each of (n, d) rows in the schema's units and order, NaN where missing.

    Parameters
    ----------
    explain : whether to say which inputs mattered; done for the first 20 rows.
    version_id : a model version, the champion when None.

    Raises
    ------
    InputError
        For a value that is missing where it must not be, or that the task's schema does not allow.
    models.versions.NoChampion
        When nothing was promoted yet.
    models.versions.VersionError
        When the version is unknown or its file was changed.
    """
    rows = np.asarray(x, dtype=np.float32)
    check_rows(task, rows)
    version = _version(task, version_id)
    model = load_model(version.id)
    if not len(rows):
        return []
    logits = model.logits(rows)
    chances = model.calibration.probability(logits)
    lows, highs = model.calibration.interval(logits)
    synthetic, origin = _synthetic(task, version), _origin(task, version)
    made = []
    for index, row in enumerate(rows):
        chance, low, high = float(chances[index]), float(lows[index]), float(highs[index])
        positive = chance >= THRESHOLD
        made.append(
            Prediction(
                task=task.name,
                answer=task.answer(positive),
                positive=positive,
                probability=chance,
                low=low,
                high=high,
                threshold=THRESHOLD,
                contributions=_contributions(model, row) if explain and index < EXPLAINED_ROWS else (),
                version_id=version.id,
                version=version.label,
                sha256=version.sha256,
                synthetic=synthetic,
                warnings=_warnings(task, row, low, high, origin),
            )
        )
    return made


def predict_rows(task: Task, frame: "pd.DataFrame", *, version_id: int | None = None) -> "pd.DataFrame":
    """Return ``frame`` with the columns ``probability``, ``low``, ``high`` and ``answer`` added.

    Parameters
    ----------
    frame : (n, at least d) with the schema's columns, numbers, NaN where missing; other columns are kept.

    Raises
    ------
    InputError, models.versions.VersionError
        As predict does.
    """
    import pandas as pd

    names = list(task.schema.names)
    absent: Sequence[str] = [name for name in names if name not in frame.columns]
    if absent:
        raise InputError(f"{task.title} needs the columns {', '.join(absent)}, which are missing.")
    try:
        rows = frame[names].apply(partial(pd.to_numeric, errors="raise")).to_numpy(dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise InputError(f"Every input must be a number: {error}.") from None
    check_rows(task, rows)
    model = load_model(_version(task, version_id).id)
    result = frame.copy()
    logits = model.logits(rows) if len(rows) else np.empty(0)
    chances = model.calibration.probability(logits)
    result["probability"] = chances
    result["low"], result["high"] = model.calibration.interval(logits)
    result["answer"] = [task.answer(bool(chance >= THRESHOLD)) for chance in chances]
    return result
