"""Which rows nobody trains on, and how the public rows of a task are divided among sites.

The held-out and calibration rows follow from the rows themselves, so that every run, strategy and model version of a
task is scored on the same ones. How the training rows are divided follows from the run's seed.

Dirichlet label skew: Hsu, Qi and Brown, "Measuring the Effects of Non-Identical Data Distribution for Federated
Visual Classification", https://arxiv.org/abs/1909.06335.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from data.table import Dataset, IntArray

HELD_OUT = 0.2
LEAST_ROWS = 10  # of a site that sets some aside
CALIBRATION = 0.1
_SPARE = 8  # in cross-validation, one group of so many calibrates
_RATIOS = (1.0, 10_000.0)  # of the largest site to the smallest
_ALPHAS = (0.001, 10_000.0)  # beyond, the draw leaves what 64-bit numbers can hold and the split no longer changes
HOW_RIGHT = (
    'write "iid", "dirichlet:ALPHA" (for example dirichlet:0.3), "skew:RATIO" (for example skew:50) or "natural"'
)


@dataclass(frozen=True)
class Split:
    """Row indices, ascending: to train on, to fit the calibration on, and to score on. Together every row once."""

    training: IntArray
    calibration: IntArray
    heldout: IntArray


def hold_out(dataset: Dataset) -> Split:
    """Divide a data set into training, calibration and held-out rows, by the content of its rows alone.

    A tenth of every class of every natural site goes to calibration and a fifth is held out, as far as whole rows
    allow. Rows with equal inputs, and those of one group, stay on one side, so that no model is scored on a patient it
    has seen. The order of the rows makes no difference. A data set that comes with its own split keeps it.

    Raises
    ------
    ValueError
        When there are too few distinct rows to fill all three parts.
    """
    if dataset.parts is not None:
        given = [np.flatnonzero(dataset.parts == part).astype(np.int64) for part in range(3)]
        if not all(map(len, given)):
            raise ValueError("the split that these data come with leaves rows for training, calibration or scoring out")
        return Split(*given)
    strata = _strata(dataset)
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    for groups in strata.values():
        total = sum(map(len, groups))
        room = {2: round(HELD_OUT * total), 1: round(CALIBRATION * total)}
        for rows in groups:
            part = next((name for name in room if len(rows) <= room[name]), 0)
            parts[part].extend(rows)
            if part:
                room[part] -= len(rows)
    if not all(parts):
        distinct = sum(map(len, strata.values()))
        raise ValueError(
            f"{len(dataset)} rows with {distinct} distinct ones are too few to hold some out; "
            "give at least 10 distinct rows of one class"
        )
    training, calibration, heldout = (np.array(sorted(part), dtype=np.int64) for part in parts)
    return Split(training, calibration, heldout)


def _whose(dataset: Dataset) -> list[bytes]:
    """Return for each row what it has in common with those that stay with it: its digest, or the least of its group.

    Groups that share a row become one.
    """
    digests = dataset.row_hashes
    if dataset.groups is None:
        return list(digests)
    leader: dict[str | bytes, str | bytes] = {}

    def find(name: str | bytes) -> str | bytes:
        while (above := leader.setdefault(name, name)) != name:
            leader[name] = name = leader.setdefault(above, above)
        return name

    for group, digest in zip(dataset.groups, digests, strict=True):
        leader[find(digest)] = find(group)
    least: dict[str | bytes, bytes] = {}
    for digest in digests:
        whose = find(digest)
        least[whose] = min(digest, least.get(whose, digest))
    return [least[find(digest)] for digest in digests]


def _strata(dataset: Dataset) -> dict[tuple[str, int], list[list[int]]]:
    """Return hospital and class → groups of rows that stay together, in an order that follows from the rows."""
    alike: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, digest in enumerate(_whose(dataset)):
        alike[digest].append(index)
    hospitals = dataset.natural_sites or ("",) * len(dataset)
    strata: defaultdict[tuple[str, int], list[list[int]]] = defaultdict(list)
    for digest in sorted(alike):  # digests are uniform, so this order is as good as a random one
        rows = alike[digest]
        strata[min((hospitals[row], int(dataset.y[row])) for row in rows)].append(rows)
    return strata


def first_of_each_hospital(dataset: Dataset, number: int) -> Dataset:
    """Return at most ``number`` rows of each hospital, the first in the order of their digests: always the same."""
    digests, hospitals = dataset.row_hashes, dataset.natural_sites or ("",) * len(dataset)
    chosen: list[int] = []
    for hospital in dict.fromkeys(hospitals):
        own = sorted((i for i in range(len(dataset)) if hospitals[i] == hospital), key=digests.__getitem__)
        chosen += own[:number]
    return dataset.take(np.array(sorted(chosen), dtype=np.int64))


def set_aside(dataset: Dataset, seed: int | tuple[int, ...]) -> tuple[IntArray, IntArray]:
    """Divide rows in two, ascending: about four fifths of every class, and a fifth to measure by.

    Rows with equal inputs, and those of one group, stay together. Of fewer than ten rows none is set aside.
    """
    aside: list[int] = []
    if len(dataset) >= LEAST_ROWS:
        draw = np.random.default_rng(seed)
        for groups in _strata(dataset).values():
            room = round(HELD_OUT * sum(map(len, groups)))
            for at in draw.permutation(len(groups)):
                if len(groups[at]) <= room:
                    aside.extend(groups[at])
                    room -= len(groups[at])
    chosen = np.zeros(len(dataset), dtype=np.bool_)
    chosen[aside] = True
    return np.flatnonzero(~chosen).astype(np.int64), np.flatnonzero(chosen).astype(np.int64)


def folds(dataset: Dataset, number: int, seed: int) -> list[Split]:
    """Divide a data set for cross-validation: every row is held out in exactly one of ``number`` splits.

    Every class of every natural site is spread evenly over the folds; rows with equal inputs, and those of one group,
    stay together. An eighth of the rows that a fold trains on is set aside for calibration. The seed decides who is in
    which fold.

    Raises
    ------
    ValueError
        When there are fewer distinct rows of a class than folds, or fewer than two folds.
    """
    if number < 2 or len(dataset) < 10 * number:
        raise ValueError(f"{len(dataset)} rows cannot be divided into {number} folds; choose 2 to {len(dataset) // 10}")
    fold_of, spare = np.zeros(len(dataset), dtype=np.int64), np.zeros(len(dataset), dtype=np.bool_)
    turns = _in_turn(dataset, seed)
    if len(turns) < _SPARE * number:
        return _without_each(*_of_few(dataset, turns, number, seed))
    for place, rows in enumerate(turns):
        fold_of[rows] = place % number
        spare[rows] = place // number % _SPARE == 0
    return _without_each(fold_of, spare)


def _of_few(
    dataset: Dataset, turns: Sequence[Sequence[int]], number: int, seed: int
) -> tuple[IntArray, NDArray[np.bool_]]:
    """Return the fold of every row, and whether it may calibrate, of so few patients that turns are not even.

    One patient in eight calibrates, each of another fold, so that no fold takes them all away.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    whose, fold_of = np.zeros(len(dataset), dtype=np.int64), np.zeros(len(dataset), dtype=np.int64)
    for place, rows in enumerate(turns):
        whose[list(rows)] = place
    divided = StratifiedGroupKFold(number, shuffle=True, random_state=seed).split(whose, dataset.y, whose)
    for fold, (_, inside) in enumerate(divided):
        fold_of[inside] = fold
    spare, taken = np.zeros(len(dataset), dtype=np.bool_), set[int]()
    for start in range(0, len(turns), _SPARE):
        free = [rows for rows in turns[start:] if int(fold_of[rows[0]]) not in taken]
        for rows in free[:1]:
            taken.add(int(fold_of[rows[0]]))
            spare[list(rows)] = True
    return fold_of, spare


def folds_by_site(dataset: Dataset, seed: int) -> list[Split]:
    """Divide a data set so that every natural site is held out whole in exactly one of the splits.

    An eighth of the rows of the other sites is set aside for calibration; the seed decides which.

    Raises
    ------
    ValueError
        When the data name fewer than two sites, or a site has too few rows.
    """
    names = list(dict.fromkeys(dataset.natural_sites or ()))
    if len(names) < 2:
        raise ValueError("these data do not name two sites or more, so none can be left out; give a number of folds")
    fold_of = np.array([names.index(name) for name in dataset.natural_sites or ()], dtype=np.int64)
    spare = np.zeros(len(dataset), dtype=np.bool_)
    for place, rows in enumerate(_in_turn(dataset, seed)):
        spare[rows] = place % _SPARE == 0
    return _without_each(fold_of, spare)


def _in_turn(dataset: Dataset, seed: int) -> list[list[int]]:
    """Return the rows that stay together, stratum by stratum, in an order that the seed decides.

    Counting goes on from stratum to stratum, so that small ones do not all fill the first folds.
    """
    rng = np.random.default_rng(seed)
    return [groups[at] for groups in _strata(dataset).values() for at in rng.permutation(len(groups)).tolist()]


def _without_each(fold_of: IntArray, spare: NDArray[np.bool_]) -> list[Split]:
    made = []
    for fold in range(int(fold_of.max()) + 1):
        inside = fold_of != fold
        made.append(Split(*(np.flatnonzero(rows) for rows in (inside & ~spare, inside & spare, ~inside))))
    if not all(len(part) for split in made for part in (split.training, split.calibration, split.heldout)):
        raise ValueError(f"{len(fold_of)} rows are too few for {len(made)} folds")
    return made


def site_name(position: int) -> str:
    """Return "Site A" for 0, "Site Z" for 25, "Site AA" for 26, and so on."""
    letters = ""
    number = position + 1
    while number:
        number, letter = divmod(number - 1, 26)
        letters = ascii_uppercase[letter] + letters
    return f"Site {letters}"


def parse_partition(how: str) -> tuple[str, float | None]:
    """Return the kind of a partition and its number: α of ``dirichlet``, the ratio of ``skew``, else None.

    Raises
    ------
    ValueError
        With one sentence that says what would be right.
    """
    kind, colon, rest = how.partition(":")
    if how in ("iid", "natural"):
        return how, None
    if kind not in ("dirichlet", "skew") or not colon:
        raise ValueError(f'unknown partition "{how}": {HOW_RIGHT}')
    try:
        number = float(rest)
    except ValueError:
        number = float("nan")
    low, high = _ALPHAS if kind == "dirichlet" else _RATIOS
    if low <= number <= high:
        return kind, number
    if kind == "dirichlet":
        raise ValueError(f'"{rest}" is no Dirichlet α: give a number from {low:g} (very uneven) to {high:g} (even)')
    raise ValueError(f'"{rest}" is no ratio of sizes: give a number from {low:g} (equal) to {high:g} (very uneven)')


def partition(dataset: Dataset, how: str, sites: int, seed: int) -> list[tuple[str, IntArray]]:
    """Divide the rows of ``dataset`` among sites.

    Parameters
    ----------
    how : ``iid`` (at random, equal sizes), ``dirichlet:ALPHA`` (each class by its own Dirichlet draw: the smaller α,
        the less alike the sites), ``skew:RATIO`` (at random, sizes in equal steps of their ratio from 1 to RATIO) or
        ``natural`` (by hospital; ``sites`` and ``seed`` make no difference).
    sites : number of sites, at most one a row.
    seed : the same seed gives the same parts.

    Returns
    -------
    Name and ascending row indices of every site. Every row belongs to exactly one site and no site is empty.

    Raises
    ------
    ValueError
        With one sentence that says what would be right.
    """
    kind, number = parse_partition(how)
    if kind == "natural":
        return _by_hospital(dataset)
    if not 1 <= sites <= len(dataset):
        raise ValueError(f"{len(dataset)} rows cannot be divided among {sites} sites; choose 1 to {len(dataset)} sites")
    rng = np.random.default_rng(seed)
    if number is None:
        parts = np.array_split(rng.permutation(len(dataset)), sites)
    elif kind == "skew":
        parts = _fill_empty(_skewed(len(dataset), number, sites, rng))
    else:
        parts = _fill_empty(_dirichlet(dataset.y, number, sites, rng))
    return [(site_name(position), np.sort(part).astype(np.int64)) for position, part in enumerate(parts)]


def _by_hospital(dataset: Dataset) -> list[tuple[str, IntArray]]:
    if dataset.natural_sites is None:
        raise ValueError('these data do not name hospitals, so "natural" cannot divide them; use iid or dirichlet:0.3')
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for index, hospital in enumerate(dataset.natural_sites):
        rows[hospital].append(index)
    return [(hospital, np.array(index, dtype=np.int64)) for hospital, index in rows.items()]


def _skewed(rows: int, ratio: float, sites: int, rng: np.random.Generator) -> list[IntArray]:
    sizes = ratio ** (np.arange(sites) / max(1, sites - 1))
    ends = np.round(np.cumsum(sizes / sizes.sum())[:-1] * rows).astype(np.int64)
    return np.split(rng.permutation(rows), ends)


def _dirichlet(y: IntArray, alpha: float, sites: int, rng: np.random.Generator) -> list[IntArray]:
    parts: list[list[IntArray]] = [[] for _ in range(sites)]
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        ends = np.cumsum(rng.dirichlet(np.full(sites, alpha)))[:-1]
        cuts = np.clip(np.round(ends * len(rows)), 0, len(rows)).astype(np.int64)
        for part, piece in zip(parts, np.split(rows, cuts), strict=True):
            part.append(piece)
    return [np.concatenate(pieces) for pieces in parts]


def _fill_empty(parts: Sequence[IntArray]) -> list[IntArray]:
    """Give every empty site one row of the site that then has most; a new draw might never end for a small α."""
    filled = list(parts)
    for position, part in enumerate(filled):
        if not len(part):
            richest = max(range(len(filled)), key=lambda index: len(filled[index]))
            filled[position], filled[richest] = filled[richest][-1:], filled[richest][:-1]
    return filled
