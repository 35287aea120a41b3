"""What ε costs, as it was measured: ``python -m benchmarks privacy``, kept in benchmarks/results/privacy.json."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from settings import ROOT


@dataclass(frozen=True)
class Price:
    """Means over seeds on held-out rows, and the lowest and highest AUC."""

    auc: float
    auc_low: float
    auc_high: float
    accuracy: float
    seeds: int


def price_of(task: str, epsilon: float) -> Price | None:
    """Return what runs of ``task`` reached when rows were hidden within ε (0: not hidden); None if not measured."""
    for line in _measured():
        if line["task"] == task and line["epsilon"] == epsilon and line["level"] == "example":
            auc = line["auc"]
            return Price(auc["mean"], auc["low"], auc["high"], line["accuracy"]["mean"], line["seeds"])
    return None


@lru_cache(maxsize=1)
def _measured() -> list[dict[str, Any]]:
    path = ROOT / "benchmarks" / "results" / "privacy.json"
    try:
        lines: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["noise"]
    except (OSError, ValueError, KeyError):
        return []
    return lines
