"""Training many sites at once: their networks are stacked and one operation moves them all.

A small site costs mostly the overhead of each operation; stacked, hundreds of sites share it. Every site keeps its
own weights, rows, order of rows and optimiser state, so the update it sends is the one it would compute by itself
(fl.local.train) up to the rounding of sums.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from data.table import Dataset, FloatArray
from fl.chain import Chain
from fl.local import FlatNetwork, Recipe, initial_weights, network_of, own_preparation, seed_of, tensors_of
from fl.losses import row_losses, row_slopes
from fl.optimisers import optimiser
from fl.request import RunRequest
from fl.watcher import Stop
from models.preparation import Preparation
from models.registry import get_task

WEIGHTS_AT_ONCE = 1_000_000  # stacked weights in one go; with gradient and optimiser state 20 MB


@dataclass(frozen=True)
class Rows:
    """The rows of several sites, one after the other.

    Parameters
    ----------
    x, y : (n, f) features and (n,) labels of all of them.
    starts : (sites + 1,) where each begins, and the end.
    """

    x: Tensor
    y: Tensor
    starts: Sequence[int]

    @classmethod
    def of(cls, sites: Sequence[tuple[Tensor, Tensor]]) -> "Rows":
        """Join the features and labels of ``sites``."""
        starts = [0]
        for _, y in sites:
            starts.append(starts[-1] + len(y))
        return cls(torch.cat([x for x, _ in sites]), torch.cat([y for _, y in sites]), starts)

    def __len__(self) -> int:
        """Return the number of sites."""
        return len(self.starts) - 1

    def count(self, site: int) -> int:
        """Return the number of rows of the ``site``-th."""
        return self.starts[site + 1] - self.starts[site]


class Stack:
    """A network as a function of many sets of weights.

    Parameters
    ----------
    net : gives the architecture; its own weights are not touched.
    scoring : whether it only scores, so that dropout does nothing.
    """

    def __init__(self, net: FlatNetwork, *, scoring: bool = False) -> None:
        self._network = net.network
        self._shapes = [(name, parameter.shape) for name, parameter in net.network.named_parameters()]
        self._sizes = [shape.numel() for _, shape in self._shapes]
        self._chain = Chain.of(net.network, scoring=scoring)

        # weights are never tied here: can_stack compares the outcome with that of the network itself
        def forward(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
            return functional_call(self._network, parameters, (x,), tie_weights=False)  # type: ignore[no-any-return]

        self._each_its_own = vmap(forward)
        self._all_the_same = vmap(forward, in_dims=(0, None))

    def logits(self, weights: Tensor, x: Tensor) -> Tensor:
        """Return (s, n) or (s, n, k) logits of (s, p) weights for (s, n, f) features, or for (n, f) that all share."""
        return self._outputs(self.parts(weights), x).squeeze(2)

    def parts(self, weights: Tensor) -> list[Tensor]:
        """Return the parameters, each with the sites as first dimension, as views of (s, p) weights."""
        pieces = weights.split(self._sizes, dim=1)  # type: ignore[no-untyped-call]
        return [piece.view(-1, *shape) for piece, (_, shape) in zip(pieces, self._shapes, strict=True)]

    def gradient(self, weights: Tensor, x: Tensor, y: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        """Return the (s, p) gradients and (s,) losses; ``share`` is the (s, n) weight of each row, 0 for filling."""
        if self._chain is None:
            return self._differentiated(weights, x, y, share)
        parts, gradient = self.parts(weights), torch.empty_like(weights)
        given = self._chain.forward(parts, x)
        slope = row_slopes(given[-1], y) * share.unsqueeze(2)
        self._chain.backward(parts, x, given, slope, self.parts(gradient))
        return gradient, (row_losses(given[-1].squeeze(2), y) * share).sum(1)

    def _differentiated(self, weights: Tensor, x: Tensor, y: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        parts = [part.detach().requires_grad_() for part in self.parts(weights)]
        losses = (row_losses(self._outputs(parts, x).squeeze(2), y) * share).sum(1)
        found = torch.autograd.grad(losses.sum(), parts)
        return torch.cat([part.flatten(1) for part in found], dim=1), losses.detach()

    def _outputs(self, parts: list[Tensor], x: Tensor) -> Tensor:
        """Return the (s, n, o) outputs of the network."""
        if self._chain is not None:
            return self._chain.forward(parts, x)[-1]
        named = {name: part for (name, _), part in zip(self._shapes, parts, strict=True)}
        return (self._all_the_same if x.dim() == 2 else self._each_its_own)(named, x)


def can_stack(net: FlatNetwork, x: Tensor, *, scoring: bool = False) -> bool:
    """Whether sites of this network can be trained together: it draws nothing, keeps no statistics, and vmap takes it.

    Parameters
    ----------
    x : (n, f) some features, to try it on.
    scoring : ask only whether their weights can be scored together, for which dropout is no hindrance.
    """
    if any(True for _ in net.network.buffers()) or (not scoring and net.draws(x)):
        return False
    net.network.train(not scoring)
    try:
        with torch.no_grad():
            found = Stack(net, scoring=scoring).logits(net.weights.expand(2, -1), x[:2].expand(2, -1, -1))
            return torch.allclose(found, net.network(x[:2]).squeeze(1).expand(found.shape), atol=1e-5)
    except RuntimeError:  # what vmap says of an operation that it cannot batch
        return False


def train_together(
    net: FlatNetwork, rows: Rows, start: FloatArray, recipe: Recipe, *, seeds: Sequence[int], stop: Stop | None = None
) -> tuple[FloatArray, list[float]]:
    """Train every site by the same recipe, each in the order its seed gives.

    Parameters
    ----------
    net : gives the architecture.
    start : (p,) weights that all start from, or (sites, p).

    Returns
    -------
    (sites, p) weights, and for each site the mean loss over the rows of its last epoch.

    Raises
    ------
    fl.watcher.Cancelled
        Between two batches, when ``stop`` was set.
    """
    torch.set_num_threads(1)
    net.network.train()
    stack, order = Stack(net), _Order.of(rows, recipe, seeds)
    begin = torch.from_numpy(start).expand(len(rows), -1)[order.sites]
    weights = begin.clone()
    steps = optimiser(recipe.optimiser, weights, recipe.learning_rate, recipe.weight_decay)
    totals = torch.zeros(len(rows))
    for batch in order.batches():
        if stop is not None:
            stop.check()
        moving = weights[: batch.active]
        gradient, losses = stack.gradient(moving, rows.x[batch.index], rows.y[batch.index], batch.share)
        if recipe.proximal_mu:
            gradient.add_(moving - begin[: batch.active], alpha=recipe.proximal_mu)
        steps.step(gradient, batch.active)
        totals[: batch.active].addcmul_(losses, batch.counted)
    back = torch.argsort(torch.tensor(order.sites))
    counts = torch.tensor([rows.count(site) for site in order.sites])
    found: FloatArray = weights[back].numpy()
    return found, (totals / counts)[back].tolist()


def train_alone_together(
    request: RunRequest, sites: Mapping[int, Dataset], *, stop: Stop | None = None
) -> dict[int, tuple[FloatArray, Preparation]]:
    """Train each of several sites without the others, as ``fl.local.train_alone`` does for one.

    Parameters
    ----------
    sites : position → rows.
    """
    task, net = get_task(request.task), network_of(request.task)
    own = {position: own_preparation(task, rows) for position, rows in sites.items()}
    rows = Rows.of([tensors_of(task, rows, own[position]) for position, rows in sites.items()])
    weights = initial_weights(task, request.seed)
    for round in range(1, request.rounds + 1):
        seeds = [seed_of(request.seed, round, position) for position in sites]
        weights, _ = train_together(net, rows, weights, Recipe.of(request, task, round), seeds=seeds, stop=stop)
    return {position: (weights[row], own[position]) for row, position in enumerate(sites)}


@dataclass(frozen=True)
class _Batch:
    """One step of the first ``active`` sites: (s, b) rows, their share in the loss, (s,) rows that count for totals."""

    active: int
    index: Tensor
    share: Tensor
    counted: Tensor


@dataclass(frozen=True)
class _Order:
    """Which rows each site takes in each step; sites with more steps first, so that those at work are a prefix.

    Parameters
    ----------
    sites : the sites in that order.
    steps : (s,) how many steps each takes, over all epochs.
    index : (s, steps, b) rows, -1 where a batch has fewer.
    epochs : how many times each goes through its rows.
    """

    sites: list[int]
    steps: Tensor
    index: Tensor
    epochs: int

    @classmethod
    def of(cls, rows: Rows, recipe: Recipe, seeds: Sequence[int]) -> "_Order":
        counts = [rows.count(site) for site in range(len(rows))]
        size = min(recipe.batch_size, max(counts))
        batches = [-(-count // size) for count in counts]
        sites = sorted(range(len(rows)), key=lambda site: -batches[site])
        index = torch.full((len(rows), recipe.epochs * max(batches), size), -1)
        generator = torch.Generator()
        for place, site in enumerate(sites):
            generator.manual_seed(seeds[site])
            flat = index[place].view(-1)
            for epoch in range(recipe.epochs):
                begin = epoch * batches[site] * size
                flat[begin : begin + counts[site]] = torch.randperm(counts[site], generator=generator)
        offsets = torch.tensor([rows.starts[site] for site in sites]).view(-1, 1, 1)
        index = torch.where(index < 0, index, index + offsets)
        return cls(sites, torch.tensor([recipe.epochs * batches[site] for site in sites]), index, recipe.epochs)

    def batches(self) -> Iterator[_Batch]:
        """Yield one step after the other."""
        last = self.steps - self.steps // self.epochs  # first step of each site's last epoch
        for step in range(self.index.shape[1]):
            active = int((self.steps > step).sum())
            index = self.index[:active, step]
            there = index >= 0
            counts = there.sum(1)
            width = int(counts.max())
            index, there = index[:, :width].clamp(min=0), there[:, :width]
            counted = torch.where(last[:active] <= step, counts, 0).float()
            yield _Batch(active, index, there / counts.unsqueeze(1), counted)
