"""A small model of a task, made without training, and the files that belong to it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from data.partition import hold_out
from models.calibration import Calibration
from models.manifest import describe
from models.preparation import Preparation, combine_medians, combine_moments, fill_gaps, medians, moments
from models.registry import get_task
from models.stored import Model
from models.task import Task
from models.versions import VersionView, save_version
from models.weights import flat_weights

Made = tuple[Any, Preparation, Calibration]


def untrained(task: Task, seed: int) -> Made:
    """Weights of a fresh network, with the preparation and calibration that its public rows give."""
    public = task.public()
    split = hold_out(public)
    rows = public.take(split.training)
    fill = combine_medians([medians(rows.x)])
    preparation = Preparation(fill, *combine_moments([moments(fill_gaps(task, rows.x, fill))]))
    torch.manual_seed(seed)
    weights = flat_weights(task.network())
    kept = public.take(split.calibration)
    logits = Model.of(task, weights, preparation, Calibration.identity()).logits(kept.x)
    return weights, preparation, Calibration.fit(logits, kept.y, resamples=20)


def manifest_of(task: Task, **more: object) -> dict[str, Any]:
    data = {"source": "test", "fingerprint": task.public().fingerprint, "synthetic": False, "sites": [], **more}
    return describe(
        task=task.name, data=data, request={"seed": 0}, rounds=1, executor="in-process", scores={}, n=0, command="test"
    )


@pytest.fixture
def keep(home: Any) -> Callable[..., VersionView]:
    """Make a version of a task: ``keep("vitals", seed=1)``; more names go into the manifest's data."""

    def make(name: str = "vitals", seed: int = 0, **data: object) -> VersionView:
        task = get_task(name)
        return save_version(task, *untrained(task, seed), run_id=None, manifest=manifest_of(task, **data))

    return make


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)
