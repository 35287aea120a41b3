"""Writes a workload down for systems that do not know MedHive: the very rows, order and start of its own run."""

from pathlib import Path

import numpy as np

from fl.local import initial_weights, seed_of, tensors_of
from fl.request import RunRequest
from fl.sites import rows_of
from models.preparation import Preparation, combine_medians, combine_moments, fill_gaps, medians, moments
from models.registry import get_task


def request_of(workload: str) -> RunRequest:
    """Return the run that the workload stands for."""
    return RunRequest.for_task(get_task(workload), benefit=False).validated()


def preparation_of(request: RunRequest) -> Preparation:
    """Return the preparation on which the sites of a run agree."""
    task = get_task(request.task)
    sites = [rows_of(request, site).rows.x for site in range(request.sites)]
    fill = combine_medians([medians(x) for x in sites])
    return Preparation(fill, *combine_moments([moments(fill_gaps(task, x, fill)) for x in sites]))


def write(workload: str, file: Path) -> None:
    """Write what benchmarks.systems.given reads."""
    request, task = request_of(workload), get_task(workload)
    preparation = preparation_of(request)
    sites = [tensors_of(task, rows_of(request, site).rows, preparation) for site in range(request.sites)]
    rounds, positions = range(1, request.rounds + 1), range(request.sites)
    np.savez(
        file,
        name=workload,
        x=np.concatenate([x.numpy() for x, _ in sites]),
        y=np.concatenate([y.numpy() for _, y in sites]),
        sizes=[len(y) for _, y in sites],
        seeds=np.array([[seed_of(request.seed, round, site) for site in positions] for round in rounds], np.int64),
        weights=initial_weights(task, request.seed),
        rounds=request.rounds,
        batch_size=request.batch_size,
        learning_rate=request.learning_rate,
        optimiser=task.training.optimiser,
    )
