"""How a model behaves on held-out rows: at every operating point, in every bin of probability, in every subgroup.

It is written into a version's manifest when it is trained by command, and computed on demand for other versions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.public import DataMissing
from data.table import Dataset
from models.comparison import THRESHOLD, heldout_rows
from models.few_rows import share
from models.metrics import with_intervals
from models.stored import Model
from models.task import Task
from models.versions import get_version, load_model

_POINTS = 200
_BINS = 10
_LEAST = 10  # rows of a subgroup that is worth a figure

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """One class against all others: at each of (t,) ``thresholds``, ascending, what is found and what is spared."""

    name: str
    positives: int
    negatives: int
    thresholds: tuple[float, ...]
    sensitivity: tuple[float, ...]
    specificity: tuple[float, ...]

    def at(self, threshold: float) -> tuple[float, float]:
        """Return sensitivity and specificity when a probability of at least ``threshold`` counts as positive."""
        place = int(np.searchsorted(self.thresholds, threshold - 1e-12))
        if place == len(self.thresholds):
            return 0.0, 1.0
        return self.sensitivity[place], self.specificity[place]


@dataclass(frozen=True)
class Bin:
    """Rows with like probabilities: how many, their mean probability, how often it came true, 95 % interval of that."""

    n: int
    probability: float
    frequency: float
    low: float
    high: float


@dataclass(frozen=True)
class Subgroup:
    """Figures of some of the held-out rows: metric → value, low, high."""

    name: str
    n: int
    scores: Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True)
class Behaviour:
    """Curves (of two classes one, of more one each), calibration and subgroups on ``n`` held-out rows."""

    n: int
    curves: tuple[Curve, ...]
    bins: tuple[Bin, ...]
    subgroups: tuple[Subgroup, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it for a manifest."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Behaviour":
        """Read what to_json wrote."""
        curves = []
        for each in document["curves"]:
            lists = (tuple(each[name]) for name in ("thresholds", "sensitivity", "specificity"))
            curves.append(Curve(each["name"], each["positives"], each["negatives"], *lists))
        bins = tuple(Bin(**each) for each in document["bins"])
        subgroups = tuple(Subgroup(**each) for each in document["subgroups"])
        return cls(document["n"], tuple(curves), bins, subgroups)


def curve_of_points(task: Task, manifest: Mapping[str, Any]) -> Curve | None:
    """Return the curve at the operating points that a run wrote down for an image task of two classes; None without."""
    operating = manifest.get("data", {}).get("operating")
    if not operating:
        return None
    lists = (
        tuple(point[name] for point in operating["points"]) for name in ("threshold", "sensitivity", "specificity")
    )
    positives = round(manifest["n"] * operating["prevalence"])
    return Curve(task.classes[1], positives, manifest["n"] - positives, *lists)


def behaviour(model: Model, rows: Dataset) -> Behaviour:
    """Return how ``model`` behaves on (n,) encoded held-out ``rows``."""
    chances = model.probability(rows.x)
    names = model.task.classes
    if chances.ndim == 1:
        curves = [_curve(names[1], rows.y == 1, chances)]
        bins = _bins(chances, rows.y == 1)
    else:
        curves = [_curve(name, rows.y == k, chances[:, k]) for k, name in enumerate(names) if (rows.y == k).any()]
        bins = _bins(chances.max(axis=1), chances.argmax(axis=1) == rows.y)
    return Behaviour(len(rows), tuple(curves), bins, _subgroups(model.task, rows, chances))


def behaviour_of(version_id: int) -> Behaviour | None:
    """Return that of a version: from its manifest, else measured now; None where the public data are not there."""
    version = get_version(version_id)
    if known := version.manifest.get("behaviour"):
        return Behaviour.from_json(known)
    try:
        return _measured(version.sha256, version_id)
    except DataMissing:
        return None


@lru_cache(maxsize=32)
def _measured(_sha256: str, version_id: int) -> Behaviour:
    model = load_model(version_id)
    return behaviour(model, heldout_rows(model.task))


def _curve(name: str, positive: NDArray[np.bool_], chance: Array) -> Curve:
    levels = np.unique(chance)
    if len(levels) > _POINTS:
        levels = np.unique(np.quantile(chance, np.linspace(0, 1, _POINTS), method="nearest"))
    up, down = np.sort(chance[positive]), np.sort(chance[~positive])
    found = 1 - np.searchsorted(up, levels) / max(1, len(up))
    spared = np.searchsorted(down, levels) / max(1, len(down))
    return Curve(
        name, len(up), len(down), *(tuple(round(float(v), 6) for v in each) for each in (levels, found, spared))
    )


def _bins(chance: Array, true: NDArray[np.bool_]) -> tuple[Bin, ...]:
    place = np.minimum((chance * _BINS).astype(np.int64), _BINS - 1)
    made = []
    for number in range(_BINS):
        inside = place == number
        if n := int(inside.sum()):
            found = share(int(true[inside].sum()), n)
            made.append(Bin(n, float(chance[inside].mean()), found.value, found.low, found.high))
    return tuple(made)


def _subgroups(task: Task, rows: Dataset, chances: Array) -> tuple[Subgroup, ...]:
    made = []
    for name, inside in _divided(task, rows):
        y = rows.y[inside]
        if len(y) >= _LEAST:
            scores = {} if len(set(y.tolist())) < 2 else with_intervals(y, chances[inside], THRESHOLD)
            made.append(Subgroup(name, len(y), {key: score.as_json() for key, score in scores.items()}))
    return tuple(made)


def _divided(task: Task, rows: Dataset) -> Sequence[tuple[str, NDArray[np.bool_]]]:
    """Return the subgroups that the data let one tell apart: by sex, by age in thirds, by hospital."""
    found: list[tuple[str, NDArray[np.bool_]]] = []
    for position, column in enumerate(task.schema.columns):
        values = rows.x[:, position]
        if column.name.lower() in ("sex", "gender"):
            found += [(f"{column.title}: {meaning}", values == code) for code, meaning in column.levels.items()]
        if column.name.lower() == "age":
            first, second = (float(np.floor(np.nanquantile(values, part))) for part in (1 / 3, 2 / 3))
            unit = f" {column.unit}".rstrip()
            found += [
                (f"{column.title} up to {first:g}{unit}", values <= first),
                (f"{column.title} over {first:g} to {second:g}{unit}", (values > first) & (values <= second)),
                (f"{column.title} over {second:g}{unit}", values > second),
            ]
    if rows.natural_sites:
        hospitals = np.array(rows.natural_sites)
        found += [(name, hospitals == name) for name in dict.fromkeys(rows.natural_sites)]
    return found
