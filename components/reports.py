"""Reports on federated language models: those made here, a process each, and the one that came with this version."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.jobs import Job, Jobs
from settings import ROOT

REPORTS = Jobs("reports")
SHIPPED = ROOT / "benchmarks" / "results" / "report"

Results = Mapping[str, Any]


def start(*, quick: bool) -> int:
    """Start ``python -m benchmarks report`` and return the number of its job; raises data.jobs.Busy."""
    told = {"quick": quick, "began": time.time()}
    return REPORTS.start(["benchmarks", "report", *(["--quick"] if quick else [])], told)


def folder_of(number: int | None) -> Path:
    """Return where a report lies; None is the one that came with this version."""
    return SHIPPED if number is None else REPORTS.file(number).folder


def results(folder: Path) -> Results | None:
    """Return the figures of the report in ``folder``; None where there is none that a page can draw."""
    file = file_of(folder, "json")
    try:
        found: Results | None = json.loads(file.read_bytes()) if file else None
    except (OSError, ValueError):
        return None
    return found if found and {"parts", "charts"} <= set(found) else None


def file_of(folder: Path, suffix: str) -> Path | None:
    """Return the only file of its kind in ``folder``, for example its picture."""
    return next(iter(sorted(folder.glob(f"*.{suffix}"))), None)


def before(quick: bool) -> Results | None:
    """Return the last report of this kind that went through: one made here, else the one that came with this."""
    own = [job.number for job in REPORTS.all() if job.status == "done" and job.report.get("quick") == quick]
    for number in [*own, None]:
        if (found := results(folder_of(number))) and found["quick"] == quick:
            return found
    return None


def left(job: Job, last: Sequence[Mapping[str, Any]], now: float) -> float | None:
    """Return the seconds that remain if every step takes as long as in ``last``; None when that cannot be known.

    Parameters
    ----------
    last : ``{"what": ..., "seconds": ...}`` of each step of a report that went through.
    """
    if not job.total or len(last) != job.total or job.done >= job.total:
        return None
    here, *rest = (float(step["seconds"]) for step in last[job.done :])
    return max(0.0, here - (now - float(job.report["step_began"]))) + sum(rest)
