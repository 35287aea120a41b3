"""From what a run computed to a model version, with a manifest that tells how to make it again."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from data.table import FloatArray
from fl.request import RunRequest
from fl.watcher import SiteInfo, Snapshot
from models.class_calibration import AnyCalibration
from models.manifest import describe
from models.metrics import Interval
from models.preparation import Preparation
from models.registry import get_task
from models.versions import VersionView, save_version


@dataclass(frozen=True)
class Result:
    """What a run leaves behind.

    Parameters
    ----------
    rounds : rounds really done.
    scores, n_heldout : every metric with its interval, and on how many rows.
    data : see ``fl.sites.described``.
    classes : scores of each of more than two classes.
    alone : see ``fl.federation.Outcome``.
    benefit : by position, local and federated scores; under -1 the pooled ones.
    """

    weights: FloatArray
    preparation: Preparation
    calibration: AnyCalibration
    scores: Mapping[str, Interval]
    n_heldout: int
    rounds: int
    executor: str
    data: Mapping[str, Any]
    benefit: Mapping[int, Mapping[str, Any]]
    classes: Sequence[Mapping[str, Any]] = ()
    alone: Mapping[str, FloatArray] | None = None


def result_of(request: RunRequest, snapshot: Snapshot, sites: Sequence[SiteInfo]) -> Result:
    """Return what a run that was cancelled leaves behind: its last good model, calibrated and scored."""
    from fl.evaluation import calibrated
    from fl.sites import described

    task = get_task(request.task)
    calibration, scores = calibrated(task, snapshot.weights, snapshot.preparation)
    data = described(request, sites)
    return Result(
        weights=snapshot.weights,
        preparation=snapshot.preparation,
        calibration=calibration,
        scores=scores,
        n_heldout=data["n_heldout"],
        rounds=snapshot.round,
        executor="",
        data=data,
        benefit={},
    )


def keep(run_id: int, request: RunRequest, result: Result, sites: Sequence[SiteInfo]) -> VersionView:
    """Make a model version of what a run leaves behind."""
    names = {site.position: site.name for site in sites}
    benefit = {names.get(position, "pooled"): scores for position, scores in result.benefit.items()}
    manifest = describe(
        task=request.task,
        data=result.data,
        request=request.to_json(),
        rounds=result.rounds,
        executor=result.executor,
        scores=result.scores,
        n=result.n_heldout,
        command=command_of(request),
        benefit=benefit,
        classes=result.classes,
    )
    return save_version(
        get_task(request.task),
        result.weights,
        result.preparation,
        result.calibration,
        run_id=run_id,
        manifest=manifest,
        alone=result.alone,
    )


def command_of(request: RunRequest) -> str:
    """Return the command line that asks for the same run."""
    words = ["python", "-m", "fl", "run"]
    for each in fields(request):
        value = getattr(request, each.name)
        option = "--" + each.name.replace("_", "-")
        if each.name.startswith("dp_") and not request.dp_epsilon:
            continue
        if each.name == "benefit":
            usual = get_task(request.task).training.benefit
            words += [] if value == usual else ["--benefit" if value else "--no-benefit"]
        elif each.name == "secure_aggregation":
            words += [option] if value else []
        elif each.name == "secure_threshold" and not request.secure_aggregation:
            continue
        elif each.name in ("datasets", "nodes"):
            words += [option, ",".join(map(str, value))] if value else []
        elif each.name == "strategy_settings":
            words += [word for name, number in value.items() for word in ("--setting", f"{name}={number:g}")]
        elif value != "":
            words += [option, str(value)]
    return shlex.join(words)
