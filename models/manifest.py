"""What is written down beside a model's weights: where it comes from and how good it is."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from models.metrics import Interval
from settings import ROOT


@cache
def medhive_version() -> str:
    """Return the version in pyproject.toml."""
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return version


def describe(
    *,
    task: str,
    data: Mapping[str, Any],
    request: Mapping[str, Any],
    rounds: int,
    executor: str,
    scores: Mapping[str, Interval],
    n: int,
    command: str,
    benefit: Mapping[str, Any] | None = None,
    classes: Sequence[Mapping[str, Any]] = (),
    curve: Sequence[Mapping[str, float]] = (),
) -> dict[str, Any]:
    """Return a manifest without its SHA-256, which writing the weights adds.

    Parameters
    ----------
    data : source, fingerprint, n_training, n_synthetic (generated ones among them), n_calibration, n_heldout,
        synthetic (whether scored on generated rows), sites [{name, samples}].
    request : the run's request as JSON, with seed and strategy.
    rounds : rounds really done.
    scores, n : every metric on the ``n`` held-out rows, with its interval.
    command : what makes this model again.
    classes : of more than two: name, n (held-out rows), sensitivity, precision, f1 and auc of each.
    curve : of a task with adapters over a base: round, loss, and the loss at each site, from round 0.
    benefit : site name → local and federated scores, and the pooled upper bound.
    """
    return {
        "task": task,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "medhive_version": medhive_version(),
        "command": command,
        "data": dict(data),
        "request": dict(request),
        "seed": request.get("seed"),
        "strategy": request.get("strategy"),
        "rounds": rounds,
        "executor": executor,
        "n": n,
        "scores": {name: score.as_json() for name, score in scores.items()},
        **({"classes": [dict(each) for each in classes]} if classes else {}),
        **({"curve": [dict(each) for each in curve]} if curve else {}),
        **({"benefit": dict(benefit)} if benefit else {}),
    }
