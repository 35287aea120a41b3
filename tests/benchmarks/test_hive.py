"""What the benchmark of the hive tells: medians, the tail, and which pictures are refused."""

from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest

from benchmarks import refusals as measured
from benchmarks.hive import summary
from benchmarks.refusals import refusals
from models.registry import get_task


def test_times_are_told_as_median_and_tail_in_milliseconds() -> None:
    assert summary([0.01] * 99 + [1.0]) == {"median_ms": 10.0, "p95_ms": 10.0, "n": 100}
    assert summary([0.01] * 9 + [1.0])["p95_ms"] > 500


@pytest.mark.slow
def test_photographs_and_drawings_are_refused_and_counted_apart_from_own_pictures() -> None:
    task = get_task("pneumonia")
    drawn = task.generate(40, seed=1)
    rows = SimpleNamespace(x=drawn.x)
    stand_in = SimpleNamespace(name=task.name, pictures=task.pictures, public=lambda: rows)
    with patch.object(measured, "hold_out", lambda _: SimpleNamespace(heldout=np.arange(8))):
        found = refusals(stand_in, [])  # type: ignore[arg-type]
    kinds = found["kinds"]
    assert kinds["photographs in colour"]["refused"] == kinds["photographs in colour"]["n"] == 40
    assert found["foreign"]["n"] == sum(kind["n"] for kind in kinds.values()) == 90
    assert found["foreign"]["refused"] == sum(kind["refused"] for kind in kinds.values()) and found["own"]["n"] == 8
