"""``python -m benchmarks scale``: what a round costs as sites grow from ten to ten thousand."""

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from benchmarks.contenders import medhive, surroundings
from benchmarks.federated import know_workloads, run
from benchmarks.figures import warm_round
from benchmarks.table import milliseconds

# task, its sites, the part of them that is sampled for a round
POINTS = (
    ("many_10", 10, 1.0),
    ("many_100", 100, 1.0),
    ("many", 1_000, 1.0),
    ("many_10000", 10_000, 1.0),
    ("many_10000", 10_000, 0.1),
    ("many_10000", 10_000, 0.01),
)


@dataclass(frozen=True)
class Point:
    """Medians at one number of sites.

    Parameters
    ----------
    sites, sampled : how many there are, and how many of them train in a round.
    round_s, site_s : a warm round, and that divided by the sites that train.
    first_round_s, total_s : from the start of the command to the end of the first round, and to its exit.
    pss_mb : peak of memory of the whole process tree, in 10⁶ bytes.
    """

    sites: int
    sampled: int
    round_s: float
    site_s: float
    first_round_s: float
    total_s: float
    pss_mb: float


def measure(executor: str, repeats: int, step: Callable[[int, float], None]) -> list[Point]:
    """Return the figures of MedHive's ``executor`` at every number of sites.

    ``step`` is called with sites and fraction before every run.

    Raises
    ------
    benchmarks.federated.Failed
        When a run ends without a model.
    """
    know_workloads()
    found: dict[tuple[str, int, float], list[Point]] = {point: [] for point in POINTS}
    for _ in range(repeats):
        for task, sites, fraction in POINTS:
            step(sites, fraction)
            with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
                observed, ends, _weights = run(medhive(executor, task, fraction), surroundings(1), Path(place))
            sampled, seconds = round(sites * fraction), warm_round(ends)
            first = ends[0] - observed.began
            point = Point(sites, sampled, seconds, seconds / sampled, first, observed.seconds, observed.pss_mb)
            found[task, sites, fraction].append(point)
    return [_median(points) for points in found.values()]


def _median(points: list[Point]) -> Point:
    names = [each.name for each in fields(Point) if each.type is float]
    middle = {name: statistics.median(getattr(point, name) for point in points) for name in names}
    return Point(points[0].sites, points[0].sampled, **middle)


def as_json(points: list[Point]) -> list[dict[str, float]]:
    """Return the points as objects, in order."""
    return [{name: round(value, 6) for name, value in asdict(point).items()} for point in points]


def markdown(points: list[Point], origin: dict[str, str]) -> str:
    """Return the whole page."""
    lines = ["# Cost as sites grow", "", *[f"- {name}: {value}" for name, value in origin.items()], ""]
    lines += ["Network 30-16-1, 8 rows a site, 3 rounds, SGD; medians of whole commands from a cold start.", ""]
    lines += ["| sites | train in a round | warm round | per site | first round | whole command | memory |"]
    lines += ["|---|---|---|---|---|---|---|"]
    lines += [
        f"| {point.sites:,} | {point.sampled:,} | {milliseconds(point.round_s)} | {point.site_s * 1e6:.0f} µs "
        f"| {point.first_round_s:.2f} s | {point.total_s:.2f} s | {point.pss_mb:.0f} MB |"
        for point in points
    ]
    return "\n".join(lines) + "\n"
