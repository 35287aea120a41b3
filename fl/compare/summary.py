"""What a comparison says: means with 95 % intervals over seeds, and each strategy beside federated averaging, paired.

Seeds are the unit: intervals are Student's t over the seeds' values. Beside federated averaging, the two runs of one
seed share division, attackers and start, so the test is paired: t over the seeds' differences of the logarithm of the
loss, which gives the change in per cent with its interval.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fl.compare.study import BASELINE, Measured

Row = dict[str, Any]


def mean_with_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean and the ends of its 95 % interval; NaN ends for fewer than two values."""
    from scipy.special import stdtrit

    array = np.array(values, dtype=np.float64)
    if not len(array):
        return math.nan, math.nan, math.nan
    middle = float(array.mean())
    if len(array) < 2:
        return middle, math.nan, math.nan
    half = float(stdtrit(len(array) - 1, 0.975)) * float(array.std(ddof=1)) / math.sqrt(len(array))
    return middle, middle - half, middle + half


def paired(values: Sequence[float], baseline: Sequence[float]) -> tuple[float, float, float, float]:
    """Return by what part the (n,) losses differ from the baseline's, the ends of the 95 % interval, and p.

    The part is that of geometric means: −0.4 says that the loss is 40 % lower.
    """
    from scipy.special import stdtr

    logs = np.log(np.maximum(values, 1e-12)) - np.log(np.maximum(baseline, 1e-12))
    middle, low, high = mean_with_interval(logs.tolist())
    if len(logs) < 2:
        return math.expm1(middle), math.nan, math.nan, math.nan
    error = float(logs.std(ddof=1)) / math.sqrt(len(logs))
    chance = float(2 * stdtr(len(logs) - 1, -abs(middle) / error)) if error else float(middle == 0)
    return math.expm1(middle), math.expm1(low), math.expm1(high), chance


def summarise(runs: Sequence[Measured]) -> list[Row]:
    """Return one row a scenario and strategy, in the order of the runs; None where a value is not defined."""
    cells: dict[tuple[str, str], list[Measured]] = {}
    for run in runs:
        cells.setdefault((run.scenario, run.strategy), []).append(run)
    rows = []
    for (scenario, strategy), own in cells.items():
        base = {run.seed: run.loss for run in cells.get((scenario, BASELINE), [])}
        both = [(run.loss, base[run.seed]) for run in own if run.loss is not None and base.get(run.seed) is not None]
        row: Row = {"scenario": scenario, "strategy": strategy, "seeds": len(own)}
        for metric in ("loss", "auc", "accuracy", "calibrated_loss"):
            values = [value for run in own if (value := getattr(run, metric)) is not None]
            names = (metric, f"{metric}_low", f"{metric}_high")
            row.update(zip(names, map(_plain, mean_with_interval(values)), strict=True))
        ours, theirs = [pair[0] for pair in both], [pair[1] for pair in both]
        change = paired(ours, theirs) if both else (math.nan,) * 4  # type: ignore[arg-type]
        row.update(zip(("change", "change_low", "change_high", "p"), map(_plain, change), strict=True))
        row["refused"] = sum(run.refused for run in own)
        row["dropped"] = sum(run.dropped for run in own)
        row["failed"] = sum(bool(run.error) for run in own)
        rows.append(row)
    return rows


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
