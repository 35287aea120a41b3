"""Sites that go wrong on purpose or by mistake, for trials: what they do to their rows or to their update.

Only sites made from public data attack; what a real site contributed is never altered. Who attacks, and every number
drawn, follows from the run's seed, so a trial can be repeated to the bit with every executor. The checks of
fl.checks stay on: an update that they refuse never reaches the strategy.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.table import Dataset, FloatArray
from models.task import Task

KINDS = {
    "sign_flip": "sends its update turned round",
    "gaussian": "sends noise, ten times as large as its update",
    "scaled": "sends its update twenty times over",
    "colluding": "sends, like its accomplices, one wrong direction in every round, three times as large as its update",
    "adaptive": "knows the checks: right size, not against the others, turned towards its accomplices' wrong "
    "direction, and a tenth of its true loss reported",
    "label_flip": "trains with its labels swapped",
    "label_noise": "trains with two fifths of its labels swapped",
    "units": "gives its numbers in another unit, ten times too large",
    "inverted": "reads its scales from the wrong end",
}
OF_NUMBERS = ("units", "inverted")
OF_ROWS = ("label_flip", "label_noise", *OF_NUMBERS)
HOW_RIGHT = f"write KIND:FRACTION, for example sign_flip:0.3; the kinds are {', '.join(KINDS)}"
NOISE, SCALE, PULL, LIE, UNIT, SWAPPED = 10.0, 20.0, 3.0, 0.1, 10.0, 0.4
TURNED = 75.0  # degrees by which an adaptive attacker turns its update: still not against the others
_ATTACK = 11  # keeps these draws apart from others of the same seed


@dataclass(frozen=True)
class Attack:
    """One kind of wrong, and the part of the sites, above 0 and below 1, that does it."""

    kind: str
    part: float

    def positions(self, sites: int, seed: int) -> frozenset[int]:
        """Return which of ``sites`` sites attack: the part asked for, rounded, at least one."""
        count = max(1, round(self.part * sites))
        return frozenset(np.random.default_rng((_ATTACK, seed)).permutation(sites)[:count].tolist())

    def rows(self, task: Task, rows: Dataset, seed: int, position: int) -> Dataset:
        """Return the rows that an attacking site trains on."""
        if self.kind == "label_flip":
            return replace(rows, y=len(task.classes) - 1 - rows.y)
        if self.kind == "label_noise":
            swapped = _draws(seed, 0, position).random(len(rows)) < SWAPPED
            return replace(rows, y=np.where(swapped, len(task.classes) - 1 - rows.y, rows.y))
        if self.kind == "units":
            return replace(rows, x=np.where(_measured(task, rows.x), rows.x * np.float32(UNIT), rows.x))
        if self.kind == "inverted":
            ends = np.nan_to_num(np.nanmin(rows.x, axis=0) + np.nanmax(rows.x, axis=0))
            return replace(rows, x=np.where(_measured(task, rows.x), ends - rows.x, rows.x).astype(np.float32))
        return rows

    def update(
        self, start: FloatArray, weights: FloatArray, loss: float, *, seed: int, round: int, position: int
    ) -> tuple[FloatArray, float]:
        """Return the (p,) weights and the loss that an attacking site sends in place of those it computed."""
        moved = (weights - start).astype(np.float64)
        size = float(np.linalg.norm(moved))
        if self.kind == "sign_flip":
            moved = -moved
        elif self.kind == "gaussian":
            moved = NOISE * size * _unit(_draws(seed, round, position).standard_normal(len(moved)))
        elif self.kind == "scaled":
            moved = SCALE * moved
        elif self.kind == "colluding":
            moved = PULL * size * _accomplices(seed, len(moved))
        elif self.kind == "adaptive":
            along = _unit(moved)
            wrong = _accomplices(seed, len(moved))
            aside = _unit(wrong - (wrong @ along) * along)
            moved = size * (np.cos(np.radians(TURNED)) * along + np.sin(np.radians(TURNED)) * aside)
            loss = LIE * loss
        else:
            return weights, loss
        return (start + moved).astype(np.float32), loss


def parse_attack(text: str) -> Attack | None:
    """Return what ``KIND:FRACTION`` asks for, None for an empty text.

    Raises
    ------
    ValueError
        With one sentence that says what would be right.
    """
    if not text:
        return None
    kind, _, rest = text.partition(":")
    if kind not in KINDS:
        raise ValueError(f'unknown attack "{text}": {HOW_RIGHT}')
    try:
        part = float(rest)
    except ValueError:
        part = float("nan")
    if not 0 < part < 1:
        raise ValueError(f'"{rest}" is no part of the sites: give a number above 0 and below 1, as in {kind}:0.3')
    return Attack(kind, part)


def _measured(task: Task, x: FloatArray) -> NDArray[np.bool_]:
    """Return which (d,) columns are measured on a scale, which codes of categories are not."""
    schema = getattr(task, "schema", None)
    if schema is None or x.ndim != 2 or x.shape[1] != len(schema.columns):
        return np.ones(x.shape[1:], dtype=np.bool_)
    return np.array([column.kind != "category" for column in schema.columns])


def _draws(seed: int, round: int, position: int) -> np.random.Generator:
    return np.random.default_rng((_ATTACK, seed, round, position))


def _accomplices(seed: int, size: int) -> NDArray[np.float64]:
    """Return the one direction on which all attackers of a run have agreed."""
    return _unit(np.random.default_rng((_ATTACK, seed, 1)).standard_normal(size))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(vector))
    found: NDArray[np.float64] = vector / length if length else vector
    return found
