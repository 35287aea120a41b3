"""Training many sites at once: their networks are stacked and one operation moves them all.

A small site costs mostly the overhead of each operation; stacked, hundreds of sites share it. Every site keeps its
own weights, rows, order of rows and optimiser state, so the update it sends is the one it would compute by itself
(fl.local.train) up to the rounding of sums.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

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
STEPS_KEPT = 100


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
    if any(True for _ in net.network.buffers()) or (not scoring and (net.dropouts or net.draws(x))):
        return False
    net.network.train(not scoring)
    try:
        with torch.no_grad():
            found = Stack(net, scoring=scoring).logits(net.weights.expand(2, -1), x[:2].expand(2, -1, -1))
            return torch.allclose(found, net.network(x[:2]).squeeze(1).expand(found.shape), atol=1e-5)
    except RuntimeError:  # what vmap says of an operation that it cannot batch
        return False


def train_together(
    net: FlatNetwork,
    rows: Rows,
    start: FloatArray,
    recipe: Recipe,
    *,
    seeds: Sequence[int],
    stop: Stop | None = None,
    pull: FloatArray | None = None,
) -> tuple[FloatArray, list[float]]:
    """Train every site by the same recipe, each in the order its seed gives.

    Parameters
    ----------
    net : gives the architecture.
    start : (p,) weights that all start from, or (sites, p).
    pull : (sites, p) added to every gradient of each; None for nothing.

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
    stack, plan = Stack(net), _plan(tuple(rows.starts), recipe.batch_size, recipe.epochs, recipe.steps)
    begin = torch.from_numpy(start)
    begin = begin.expand(len(rows), -1) if begin.dim() == 1 else begin[plan.sites]
    weights, index = begin.clone(memory_format=torch.contiguous_format), plan.drawn(seeds)
    steps = optimiser(recipe.optimiser, weights, recipe.learning_rate, recipe.weight_decay)
    totals = torch.zeros(len(rows))
    added = None if pull is None else torch.from_numpy(pull)[plan.sites]
    for number in range(plan.longest):
        if stop is not None:
            stop.check()
        step = plan.step(number)
        moving, batch = weights[: step.active], index[: step.active, number, : step.width]
        gradient, losses = stack.gradient(moving, rows.x[batch], rows.y[batch], step.share)
        if recipe.proximal_mu:
            gradient.add_(moving - begin[: step.active], alpha=recipe.proximal_mu)
        if added is not None:
            gradient.add_(added[: step.active])
        steps.step(gradient, step.active)
        totals[: step.active].addcmul_(losses, step.counted)
    found: FloatArray = weights[plan.back].numpy()
    return found, (totals / plan.counted)[plan.back].tolist()


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
class _Step:
    """One step of the first ``active`` sites: (s, width) shares of rows in the loss, (s,) rows that count in totals."""

    active: int
    width: int
    share: Tensor
    counted: Tensor


@dataclass(frozen=True)
class _Plan:
    """What each step takes, in whatever order rows come; sites with more steps first, so those at work are a prefix.

    Parameters
    ----------
    sites, back : the sites in that order, and the way back to the order of sites.
    counts, batches : (s,) rows of each, and how many steps it takes to go through them.
    epochs : how many times each site goes through its rows.
    taken : (s,) steps that each really takes.
    counted : (s,) rows that count in its loss: those of its last epoch, as far as it went.
    there : (s, steps, b) whether there is such a row in the batch.
    place, offset : of each row drawn, over all sites and epochs: where in ``there``, laid flat, it is, and what its
        number within the site is added to.
    """

    sites: Tensor
    back: Tensor
    counts: Tensor
    batches: Tensor
    epochs: int
    taken: Tensor
    counted: Tensor
    there: Tensor
    place: Tensor
    offset: Tensor
    _steps: dict[int, _Step] = field(default_factory=dict)

    @property
    def longest(self) -> int:
        """The steps of the site with the most."""
        return int(self.taken.max())

    def drawn(self, seeds: Sequence[int]) -> Tensor:
        """Return which rows each site takes in each step, in the shape of ``there``; 0 where there is none."""
        generator, rows, start = torch.Generator(), torch.empty(len(self.place), dtype=torch.int64), 0
        for site, count in zip(self.sites.tolist(), self.counts.tolist(), strict=True):
            generator.manual_seed(seeds[site])
            for _ in range(self.epochs):
                torch.randperm(count, generator=generator, out=rows[start : start + count])
                start += count
        index = torch.zeros(self.there.shape, dtype=torch.int64)
        index.view(-1)[self.place] = rows.add_(self.offset)
        return index

    @cached_property
    def _last_epoch(self) -> Tensor:
        """The (s,) first step of the last epoch of each."""
        return (self.taken - 1) // self.batches * self.batches

    def step(self, number: int) -> _Step:
        """Return one step; the first are kept for the next round."""
        if number in self._steps:
            return self._steps[number]
        active = int((self.taken > number).sum())
        taken = self.there[:active, number].sum(1)
        width = int(taken.max())
        last = self._last_epoch[:active] <= number
        share = self.there[:active, number, :width] / taken.unsqueeze(1)
        step = _Step(active, width, share, torch.where(last, taken, 0).float())
        if len(self._steps) < STEPS_KEPT:
            self._steps[number] = step
        return step


@lru_cache(maxsize=8)
def _plan(starts: tuple[int, ...], batch_size: int, epochs: int, most: int) -> _Plan:
    """Return the plan for sites whose rows begin at ``starts``, the last of which is the end.

    Parameters
    ----------
    most : steps that a site takes; 0 for no limit.
    """
    counts = torch.tensor(starts).diff()
    size = min(batch_size, int(counts.max()))
    sites = torch.argsort(-counts // size, stable=True)  # the most batches first
    counts, begins = counts[sites], torch.tensor(starts)[sites]
    batches = -(-counts // size)
    taken = (epochs * batches).clamp(max=most or epochs * int(batches.max()))
    last = taken - (taken - 1) // batches * batches  # steps of the last epoch
    there = torch.zeros((len(sites), epochs * int(batches.max()), size), dtype=torch.bool)
    for site, (count, steps) in enumerate(zip(counts.tolist(), batches.tolist(), strict=True)):
        there[site].view(-1)[: epochs * steps * size].view(epochs, -1)[:, :count] = True
    place, offset = there.view(-1).nonzero().squeeze(1), begins.repeat_interleave(epochs * counts)
    counted = torch.minimum(last * size, counts)
    return _Plan(sites, torch.argsort(sites), counts, batches, epochs, taken, counted, there, place, offset)
