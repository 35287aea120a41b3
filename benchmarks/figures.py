"""From what was observed to figures: one run's, their medians, and whether all systems found the same model."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise

WARM_FROM = 3  # rounds before this one warm caches; with few rounds only the first is left out
LOSS_TOLERANCE = 0.05  # part of the plain loop's loss by which another's may differ
LOSS_FLOOR = 0.005  # and what it may differ by in any case


@dataclass(frozen=True)
class Figures:
    """What is told of a system at a workload; times in seconds, memory in 10⁶ bytes, scores on held-out rows."""

    round_s: float
    total_s: float
    first_round_s: float
    pss_mb: float
    loss: float
    auc: float
    accuracy: float


Measured = Mapping[str, Mapping[str, Figures]]  # workload → system → figures


def ends_of_rounds(events: str) -> list[float]:
    """Return when each round ended, from the lines "round moment" that processes wrote, the latest of each round."""
    ends: dict[int, float] = {}
    for line in events.splitlines():
        round, moment = line.split()
        ends[int(round)] = max(float(moment), ends.get(int(round), 0.0))
    return [ends[round] for round in sorted(ends)]


def warm_round(ends: Sequence[float]) -> float:
    """Return the median seconds of a round from WARM_FROM on, of all but the first where there are too few.

    Raises
    ------
    ValueError
        For fewer than two rounds: the first is never warm.
    """
    if len(ends) < 2:
        raise ValueError("a warm round needs at least two rounds")
    lasted = [end - start for start, end in pairwise(ends)]  # of rounds 2, 3 and so on
    return statistics.median(lasted[WARM_FROM - 2 :] or lasted)


def median(runs: Sequence[Figures]) -> Figures:
    """Return the median of every figure."""
    names = [each.name for each in fields(Figures)]
    return Figures(**{name: statistics.median(getattr(run, name) for run in runs) for name in names})


def disagreements(measured: Measured) -> list[str]:
    """Return a sentence for every system that ended with another loss than the plain loop on the same rows."""
    found = []
    for workload, systems in measured.items():
        if "plain" not in systems:
            continue
        right = systems["plain"].loss
        allowed = max(LOSS_FLOOR, LOSS_TOLERANCE * right)
        for system, figures in systems.items():
            if not abs(figures.loss - right) <= allowed:
                found.append(
                    f"{system} ended {workload} with loss {figures.loss:.4f}, the plain loop with {right:.4f}: "
                    f"more than {allowed:.4f} apart, so it did not do the same computation."
                )
    return found


def as_json(measured: Measured) -> dict[str, dict[str, dict[str, float]]]:
    """Return workload → system → figure → number."""
    return {
        workload: {system: _rounded(figures) for system, figures in systems.items()}
        for workload, systems in measured.items()
    }


def _rounded(figures: Figures) -> dict[str, float]:
    return {name: round(value, 6) for name, value in asdict(figures).items()}
