"""Training a run's model many times over on other rows, all copies at once: what audits compare the real model with."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from data.table import FloatArray
from fl.local import Recipe, example, initial_weights, network_of, seed_of, train
from fl.privacy import budget
from fl.privacy.examples import train_privately
from fl.request import RunRequest
from fl.together import Rows, can_stack, train_together
from models.registry import get_task

WEIGHTS_AT_ONCE = 4_000_000

Site = tuple[Tensor, Tensor]


def federated_copies(request: RunRequest, groups: Sequence[Sequence[Site]]) -> FloatArray:
    """Return the (m, p) weights of ``m`` federations by the recipe of ``request``, joined by number of rows.

    Parameters
    ----------
    groups : of each federation, the (n, f) features and labels of its sites; sites without rows are left out.
    """
    filled = [[site for site in group if len(site[1])] for group in groups]
    size, most = len(network_of(request.task).weights), max(len(group) for group in filled)
    at_once = max(1, WEIGHTS_AT_ONCE // (size * most))
    parts = [_copies(request, filled[first : first + at_once]) for first in range(0, len(filled), at_once)]
    return np.concatenate(parts)


def _copies(request: RunRequest, groups: Sequence[Sequence[Site]]) -> FloatArray:
    task, net = get_task(request.task), network_of(request.task)
    sites = [site for group in groups for site in group]
    owner = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    shares = np.array([float(len(y)) for _, y in sites])
    shares /= np.bincount(owner, weights=shares, minlength=len(groups))[owner]
    weights: FloatArray = np.repeat(initial_weights(task, request.seed)[None], len(groups), axis=0)
    noisy = request.dp_epsilon and request.dp_level == "example"
    stacked = not noisy and task.training.sampling == 1 and can_stack(net, example(request.task))
    rows = Rows.of(sites) if stacked else None
    for round in range(1, request.rounds + 1):
        recipe = Recipe.of(request, task, round)
        seeds = [seed_of(request.seed, round, 2_000_000 + place) for place in range(len(sites))]
        if rows is not None:
            new, _ = train_together(net, rows, np.ascontiguousarray(weights[owner]), recipe, seeds=seeds)
        else:
            new = np.empty((len(sites), weights.shape[1]), dtype=np.float32)
            for place, (x, y) in enumerate(sites):
                start = weights[owner[place]]
                if noisy:
                    own = budget.of_row(request, len(y))
                    train_privately(net, x, y, start, recipe, own, clip=request.dp_clip, seed=seeds[place])
                else:
                    train(net, x, y, start, recipe, seed=seeds[place])
                new[place] = net.take()
        total = torch.zeros(weights.shape, dtype=torch.float64)
        total.index_add_(0, torch.from_numpy(owner), torch.from_numpy(new * shares[:, None]).double())
        weights = total.float().numpy()
    return weights
