"""A run as the JSON object that ``python -m fl run --json`` writes; its form is stable."""

import math
from pathlib import Path
from typing import Any

from data.database import ModelVersion, transaction
from data.whole_file import write_whole
from fl.batch import finite, plain
from fl.progress import RunView
from models.stored import WEIGHTS
from models.versions import plain_weights
from settings import get_settings


def report(run: RunView, copy: Path | None = None) -> dict[str, Any]:
    """Return run_id, task, strategy, executor, seed, sites, rounds, final, seconds, bytes and model.

    ``rounds`` are those of training; ``bytes`` are those of one site in one round; ``model`` is null when the run left
    none; numbers that are not defined are null.

    Parameters
    ----------
    copy : file to write the open weights to, which are sealed in HOME; ``model`` names it then.
    """
    return {
        "run_id": run.id,
        "task": run.task,
        "strategy": run.request.strategy,
        "executor": run.executor or run.request.executor,
        "seed": run.request.seed,
        "sites": [{"name": site.name, "samples": site.samples} for site in run.sites],
        "rounds": [
            {
                "round": done.round,
                "loss": finite(done.loss),
                "metrics": plain(done.metrics),
                "seconds": done.seconds,
                "replies": done.replies,
                "failures": done.failures,
            }
            for done in run.history
            if done.round > 0
        ],
        "final": {
            name: run.final.get(name, {}).get("value")
            for name in ("auc", "accuracy", "loss", *(("perplexity",) if "perplexity" in run.final else ()))
        },
        "seconds": {name: run.seconds.get(name) for name in ("startup", "first_round", "rounds", "total")},
        "bytes": _bytes(run),
        "model": _model(run, copy),
    }


def sentence(run: RunView) -> str:
    """Return the end of a run in one line."""
    if run.status == "failed":
        return f"Run {run.id} failed: {run.error}"
    scores = {name: score for name, score in run.final.items() if score.get("value") is not None}
    said = ", ".join(
        f"{title} {_interval(scores[name])}"
        for name, title in (("auc", "AUC"), ("accuracy", "accuracy"), ("perplexity", "perplexity"))
        if name in scores
    )
    return f"Run {run.id} {run.status} after {run.round} of {run.rounds} rounds{': ' + said if said else ''}."


def _interval(score: dict[str, Any]) -> str:
    text = f"{score['value']:.3f}"
    low, high = score.get("low"), score.get("high")
    return text if low is None or high is None else f"{text} (95 % {low:.3f} to {high:.3f})"


def _bytes(run: RunView) -> dict[str, int]:
    asked = [point for point in run.site_history if point.round > 0]
    answered = sum(point.state == "answered" for point in asked)
    up, down = sum(site.bytes_up for site in run.sites), sum(site.bytes_down for site in run.sites)
    return {"up": _each(up, answered), "down": _each(down, len(asked))}


def _each(total: int, parts: int) -> int:
    return math.ceil(total / parts) if parts else 0


def _model(run: RunView, copy: Path | None) -> dict[str, str] | None:
    if run.version_id is None:
        return None
    with transaction() as session:
        version = session.get_one(ModelVersion, run.version_id)
        path, sha256 = get_settings().home / version.path / WEIGHTS, version.sha256
    if copy is not None:
        write_whole(copy, plain_weights(run.version_id))
        path = copy.resolve()
    return {"path": str(path), "sha256": sha256}
