"""Quickly made champions: an untrained network, honestly scored, promoted for a test."""

from data.partition import hold_out
from models.calibration import Calibration, sigmoid
from models.manifest import describe
from models.metrics import with_intervals
from models.preparation import Preparation, combine_medians, combine_moments, fill_gaps, medians, moments
from models.registry import get_task
from models.versions import VersionView, promote, save_version
from models.weights import flat_weights


def make_champion(name: str, *, promoted: bool = True) -> VersionView:
    """Save a version of the task on generated rows and, unless told otherwise, promote it."""
    import numpy as np
    import torch

    torch.manual_seed(0)
    task = get_task(name)
    rows = task.generate(300, seed=5)
    fill = combine_medians([medians(rows.x)])
    mean, scale = combine_moments([moments(fill_gaps(task, rows.x, fill))])
    preparation = Preparation(fill, mean, scale)
    network = task.network().eval()
    with torch.inference_mode():
        logits = network(torch.from_numpy(preparation(task, rows.x))).squeeze(1).numpy().astype(np.float64)
    calibration = Calibration.fit(logits, rows.y)
    held = hold_out(rows).heldout
    manifest = describe(
        task=name,
        data={"source": rows.source, "synthetic": True, "sites": [{"name": "Site A", "samples": 300}]},
        request={"seed": 0, "strategy": "fedavg"},
        rounds=0,
        executor="in-process",
        scores=with_intervals(rows.y[held], sigmoid(logits[held]), resamples=50),
        n=len(held),
        command="a test",
    )
    version = save_version(task, flat_weights(network), preparation, calibration, run_id=None, manifest=manifest)
    if promoted:
        promote(version.id, reason="to be tested", by=None)
    return version
