"""Differential privacy for single rows: training at a site whose every step hides whether any one row was there.

Abadi et al. (2016), "Deep Learning with Differential Privacy", https://arxiv.org/abs/1607.00133: rows are drawn by
chance for each step, each row's gradient is clipped, noise is added to their sum. Opacus's own engine wants parameters
that are separate tensors and hooks on every layer; here all parameters are views of one vector (fl.local), so the same
is done with torch.func.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

from data.table import FloatArray
from fl.local import FlatNetwork, Recipe
from fl.optimisers import optimiser
from fl.privacy.budget import Budget
from fl.request import RequestError
from fl.watcher import Stop
from models.language.adapters import OverBase

NUMBERS_AT_ONCE = 4_000_000  # gradients of single rows that are held at the same time

Gradients = Callable[[Tensor, Tensor], Tensor]


def train_privately(
    net: FlatNetwork,
    x: Tensor,
    y: Tensor,
    start: FloatArray,
    recipe: Recipe,
    budget: Budget,
    *,
    clip: float,
    seed: int,
    stop: Stop | None = None,
) -> None:
    """Train ``net`` for a round from ``start`` on (n, f) features and (n,) labels; afterwards it holds the new weights.

    Parameters
    ----------
    budget : of each row; says how often rows are drawn and how much noise a step gets.
    clip : the longest that the gradient of one row may be.
    seed : of the draws and of the noise. Who knows it can take the noise away again.

    Raises
    ------
    fl.watcher.Cancelled
        Between two steps, when ``stop`` was set.
    """
    torch.set_num_threads(1)
    net.load(start)
    net.network.train()
    anchor = net.learned.clone() if recipe.proximal_mu else None
    steps = optimiser(recipe.optimiser, net.learned, recipe.learning_rate, recipe.weight_decay)
    draws, noise = (torch.Generator().manual_seed(one) for one in _two(seed))
    for dropout in net.dropouts:
        dropout.generator = draws
    gradients = gradients_of_each(net)
    at_once = max(1, NUMBERS_AT_ONCE // len(net.learned))
    for _ in range(budget.steps):
        if stop is not None:
            stop.check()
        drawn = torch.nonzero(torch.rand(len(y), generator=draws) < budget.rate).squeeze(1)
        total = torch.randn(len(net.learned), generator=noise) * (budget.noise * clip)
        for some in drawn.split(at_once):  # type: ignore[no-untyped-call]
            total += clipped(gradients(x[some], y[some]), clip).sum(0)
        step = total / (budget.rate * len(y))  # the number expected, not the number drawn, which would tell
        if anchor is not None:
            step.add_(net.learned - anchor, alpha=recipe.proximal_mu)
        steps.step(step)


def gradients_of_each(net: FlatNetwork) -> Gradients:
    """Return a function from (b, f) features and (b,) labels to the (b, p) gradients of each row.

    Raises
    ------
    RequestError
        When the network keeps statistics of the rows it sees, as batch normalisation does: no noise reaches those.
    """
    if len(net.weights) > len(net.learned):
        raise RequestError("its network keeps statistics of a batch, which example-level privacy does not cover")
    if not _in_one(net):
        return lambda x, y: _one_by_one(net, x, y)
    names = [(name, parameter.shape, parameter.numel()) for name, parameter in net.network.named_parameters()]

    def loss(weights: Tensor, row: Tensor, label: Tensor) -> Tensor:
        parts = weights.split([size for _, _, size in names])  # type: ignore[no-untyped-call]
        own = {name: part.view(shape) for (name, shape, _), part in zip(names, parts, strict=True)}
        logit = functional_call(net.network, own, (row.unsqueeze(0),), tie_weights=False)
        return net.loss(logit, label.unsqueeze(0))

    each = vmap(grad(loss), in_dims=(None, 0, 0), randomness="different")
    return lambda x, y: each(net.learned.detach().clone(), x, y) if len(y) else torch.zeros(0, len(net.learned))


def _in_one(net: FlatNetwork) -> bool:
    """Whether the network can be called as a function of weights; a base with adapters keeps its own elsewhere."""
    return not isinstance(net.network, OverBase)


def _one_by_one(net: FlatNetwork, x: Tensor, y: Tensor) -> Tensor:
    """Return the (b, p) gradients of each row, computed one after the other."""
    found = torch.zeros(len(y), len(net.learned))
    for row in range(len(y)):
        net.gradient.zero_()
        net.loss(net.network(x[row : row + 1]), y[row : row + 1]).backward()  # type: ignore[no-untyped-call]
        found[row] = net.gradient
    return found


def clipped(gradients: Tensor, clip: float) -> Tensor:
    """Return (b, p) gradients with each longer than ``clip`` shortened to it."""
    factors: Tensor = clip / gradients.norm(dim=1).clamp(min=clip)
    return gradients * factors.unsqueeze(1)


def _two(seed: int) -> list[int]:
    return [int(one) >> 1 for one in np.random.SeedSequence(seed).generate_state(2, np.uint64)]
