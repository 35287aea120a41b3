"""Answers for single patients and for tables of them, from the champion of a task."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from data.intake.rules import outside, wanted
from data.table import FloatArray
from models.explain.table import shapley, typical
from models.familiarity import FAR, REFUSAL, WARNING, familiarity_of, farthest_column
from models.stored import Model
from models.task import Task
from models.versions import NoChampion, VersionView, champion, get_version, load_model

if TYPE_CHECKING:
    import pandas as pd

NOT_FOR_CLINICAL_USE = "A research demonstration, not for clinical use."
EXPLAINED_ROWS = 20
NO_ANSWER = "The model does not answer."


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
class Chance:
    """The calibrated probability of one class and its 95 % interval."""

    name: str
    probability: float
    low: float
    high: float


@dataclass(frozen=True)
class Prediction:
    """The answer for one row.

    Of two classes the second is the positive one, and probability and contributions speak for it. Of more, they speak
    for the class that was chosen, the most probable.

    Parameters
    ----------
    answer : the answer in words.
    chosen : number of the class that the answer names.
    positive : of two classes whether ``probability`` reaches ``threshold``, else whether ``chosen`` is not class 0.
    probability, low, high : calibrated probability and its 95 % interval.
    contributions : what each input added to the log-odds of a typical patient, largest first; () when not asked for.
    version, version_id, sha256 : the model version that answered.
    synthetic : whether it was trained on generated rows only.
    warnings : sentences about this answer.
    refused : why the model does not answer, though it computed a probability; empty where it answers.
    chances : every class, in the task's order.
    """

    task: str
    answer: str
    chosen: int
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
    chances: tuple[Chance, ...] = ()
    refused: str = ""
    not_for_clinical_use: str = NOT_FOR_CLINICAL_USE


def check_rows(task: Task, x: FloatArray) -> None:
    """Raise InputError naming the first value of (n, d) rows that the task's schema does not allow."""
    columns = task.schema.columns
    if task.encoder:
        if x.ndim != 2 or not np.isfinite(x).all():
            raise InputError(f"{task.title} needs rows of features, all of them finite.")
        return
    if x.ndim != 2 or x.shape[1] != len(columns):
        raise InputError(f"{task.title} needs rows of {len(columns)} values, not an array of shape {x.shape}.")
    for position, column in enumerate(columns):
        values = x[:, position]
        wrong = outside(column, values)
        if wrong.any():
            row = int(np.argmax(wrong))
            given = "is missing" if np.isnan(values[row]) else f"is {values[row]:g}"
            raise InputError(f"Row {row + 1}, column {column.name}: {column.title} {given}; give {wanted(column)}.")


def version_of(task: Task, version_id: int | None) -> VersionView:
    """Return the version that answers; raises NoChampion, VersionError, or InputError for one of another task."""
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


def answers_of(model: Model, x: FloatArray) -> list[tuple[int, tuple[Chance, ...]]]:
    """Return for each of (n, d) rows, encoded, the class that is chosen and the chances of all classes in order."""
    logits = model.logits(x)
    chances = model.calibration.probability(logits)
    lows, highs = model.calibration.interval(logits)
    if chances.ndim == 1:
        both = ((1 - chances, chances), (1 - highs, lows), (1 - lows, highs))
        chances, lows, highs = (np.stack(pair, axis=1) for pair in both)
        chosen = (chances[:, 1] >= model.calibration.threshold).astype(np.int64)
    else:
        chosen = chances.argmax(axis=1)
    names = model.task.classes
    return [
        (int(k), tuple(Chance(name, *map(float, ends)) for name, *ends in zip(names, *three, strict=True)))
        for k, *three in zip(chosen, chances, lows, highs, strict=True)
    ]


def close_call(chances: Sequence[Chance], threshold: float = 0.5) -> str:
    """Return a sentence where the intervals leave open which class it is, else nothing."""
    if len(chances) == 2:
        if chances[1].low < threshold <= chances[1].high:
            return "Close call: the interval of the probability reaches to both sides of the operating point."
        return ""
    first, second = sorted(chances, key=lambda each: -each.probability)[:2]
    if second.high >= first.low:
        return f"Close call: the intervals of {first.name} and {second.name} overlap."
    return ""


def _warnings(task: Task, row: FloatArray, chances: Sequence[Chance], threshold: float, origin: str) -> tuple[str, ...]:
    found = []
    columns = task.schema.columns
    gaps = [column.title for column, value in zip(columns, row, strict=True) if np.isnan(value)] if columns else []
    if gaps:
        found.append(f"Not given, so a typical value stood in: {', '.join(gaps)}.")
    if close := close_call(chances, threshold):
        found.append(close)
    if origin:
        found.append(origin)
    return tuple(found)


def _contributions(model: Model, row: FloatArray, chosen: int) -> tuple[Contribution, ...]:
    def log_odds(x: FloatArray) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        odds = model.calibration.log_odds(model.logits(x))
        return odds[:, chosen] if odds.ndim == 2 else odds

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


def _strangeness(model: Model, rows: FloatArray, version: VersionView) -> list[tuple[str, tuple[str, ...]]]:
    """Return for each row why it is refused, or nothing, and a warning where it is unusual."""
    known = familiarity_of(version)
    if known is None:
        return [("", ())] * len(rows)
    found: list[tuple[str, tuple[str, ...]]] = []
    for row, distance in zip(rows, known.distances(model, rows), strict=True):
        if distance > FAR:
            found.append((REFUSAL.format(distance=distance, name=farthest_column(model, row)), ()))
        else:
            found.append(("", (WARNING,) if distance > 1 else ()))
    return found


def predict(task: Task, x: FloatArray, *, explain: bool = True, version_id: int | None = None) -> list[Prediction]:
    """Answer for each of (n, d) rows in the schema's units and order, NaN where missing; encoded ones of some tasks.

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
    version = version_of(task, version_id)
    return predict_with(version, load_model(version.id), rows, explain=explain)


def predict_with(version: VersionView, model: Model, rows: FloatArray, *, explain: bool) -> list[Prediction]:
    """Answer for each of (n, d) rows that were checked, as ``predict`` does; ``model`` is that of ``version``."""
    if not len(rows):
        return []
    task = model.task
    answers = answers_of(model, rows)
    synthetic, origin = _synthetic(task, version), _origin(task, version)
    strange = _strangeness(model, rows, version)
    made = []
    for index, row in enumerate(rows):
        chosen, chances = answers[index]
        chance = chances[1] if len(chances) == 2 else chances[chosen]
        refused, unusual = strange[index]
        explained = explain and index < EXPLAINED_ROWS and not task.encoder and not refused
        made.append(
            Prediction(
                task=task.name,
                answer=NO_ANSWER if refused else task.answer(chosen),
                chosen=chosen,
                positive=chosen > 0,
                probability=chance.probability,
                low=chance.low,
                high=chance.high,
                threshold=model.calibration.threshold,
                contributions=_contributions(model, row, chosen) if explained else (),
                version_id=version.id,
                version=version.label,
                sha256=version.sha256,
                synthetic=synthetic,
                warnings=(*unusual, *_warnings(task, row, chances, model.calibration.threshold, origin)),
                chances=chances,
                refused=refused,
            )
        )
    return made


def predict_rows(task: Task, frame: "pd.DataFrame", *, version_id: int | None = None) -> "pd.DataFrame":
    """Return ``frame`` with the columns ``probability``, ``low``, ``high``, ``answer`` and ``unusual`` added.

    Of more than two classes, the probability is that of the answer. Where the model does not answer it is NaN.

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
    version = version_of(task, version_id)
    model = load_model(version.id)
    result = frame.copy()
    answers = answers_of(model, rows) if len(rows) else []
    shown = [chances[1] if len(chances) == 2 else chances[chosen] for chosen, chances in answers]
    strange = _strangeness(model, rows, version) if len(rows) else []
    for name in ("probability", "low", "high"):
        result[name] = [
            np.nan if refused else getattr(chance, name) for chance, (refused, _) in zip(shown, strange, strict=True)
        ]
    result["answer"] = [
        NO_ANSWER if refused else task.answer(chosen)
        for (chosen, _), (refused, _) in zip(answers, strange, strict=True)
    ]
    result["unusual"] = ["refused" if refused else "yes" if warned else "" for refused, warned in strange]
    return result
