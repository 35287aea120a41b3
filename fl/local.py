"""Training a network on the rows of one place: the only loop that learns, for sites, for one site alone, and pooled."""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from data.table import Dataset, FloatArray
from fl.losses import label_type, mean_loss, word_loss
from fl.optimisers import optimiser
from fl.request import RunRequest
from fl.sites import public_split
from fl.watcher import Stop
from models.dropout import SeededDropout
from models.preparation import Preparation, combine_medians, combine_moments, fill_gaps, medians, moments
from models.registry import get_task
from models.task import Task

OWN_FROM = 10  # rows from which a site can tell its own mean and deviation
POOLED = 1_000_000  # position, for the seed, of the training on all rows together


class FlatNetwork:
    """A network whose parameters and float buffers are views of one flat vector, and gradients of another.

    Loading, sending and optimising are then one operation each instead of one a layer, which halves a round of a
    small network. The order is that of models.weights.

    Parameters
    ----------
    network : the network; its tensors are replaced by the views.
    loss : of its outputs and the labels.
    """

    def __init__(self, network: nn.Module, loss: Callable[[Tensor, Tensor], Tensor] = mean_loss) -> None:
        parameters = list(network.parameters())
        tensors = [*parameters, *(buffer for buffer in network.buffers() if buffer.is_floating_point())]
        learned = sum(tensor.numel() for tensor in parameters)
        self.network, self.loss = network, loss
        self.dropouts = [module for module in network.modules() if isinstance(module, SeededDropout)]
        self.weights = torch.cat([tensor.detach().reshape(-1).float() for tensor in tensors])  # (p,)
        self.gradient = torch.zeros(learned)
        self.learned = self.weights[:learned]
        self._draws: bool | None = None
        start = 0
        for tensor in tensors:
            end = start + tensor.numel()
            tensor.data = self.weights[start:end].view(tensor.shape)
            if isinstance(tensor, nn.Parameter):
                tensor.grad = self.gradient[start:end].view(tensor.shape)
            start = end

    def load(self, weights: FloatArray) -> None:
        """Take over the (p,) ``weights``."""
        with torch.no_grad():
            self.weights.copy_(torch.from_numpy(weights if weights.flags.writeable else weights.copy()))

    def take(self) -> FloatArray:
        """Return a copy of the (p,) weights."""
        taken: FloatArray = self.weights.numpy().copy()
        return taken

    def draws(self, x: Tensor) -> bool:
        """Whether the network draws random numbers in training, as dropout does; tried once, on two rows of ``x``."""
        if self._draws is None:
            with _DRAWING:  # or what another thread draws meanwhile would be drawn twice
                kept, before = self.take(), torch.default_generator.get_state()
                with torch.no_grad():
                    self.network.train()(x[:2])
                self._draws = not torch.equal(before, torch.default_generator.get_state())
                torch.default_generator.set_state(before)
                self.load(kept)  # batch statistics have moved
        return self._draws


LARGE = 50_000  # weights from which a network is mostly computation; below, it is mostly the overhead of operations
_OWN = threading.local()
_DRAWING = threading.RLock()  # held by whoever draws from the process's one generator


def network_of(task: str) -> FlatNetwork:
    """Return this thread's one network of ``task``; whoever uses it loads weights first."""
    networks: dict[str, FlatNetwork] = _OWN.__dict__
    if task not in networks:
        with _DRAWING:
            networks[task] = FlatNetwork(get_task(task).network(), loss_of(get_task(task)))
    return networks[task]


def loss_of(task: Task) -> Callable[[Tensor, Tensor], Tensor]:
    """Return what training on ``task`` minimises."""
    return word_loss if task.generates else mean_loss


@lru_cache(maxsize=16)
def example(task: str) -> Tensor:
    """Return (2, f) features of two of a task's rows, not standardised, to try a network on."""
    rows = get_task(task).encode(public_split(task)[0].x[:2])
    return torch.from_numpy(fill_gaps(get_task(task), rows, np.zeros(rows.shape[1], dtype=np.float32)))


def initial_weights(task: Task, seed: int) -> FloatArray:
    """Return the (p,) weights with which every training of this seed starts."""
    with _DRAWING, torch.random.fork_rng(devices=[]):
        _seed(seed)
        return FlatNetwork(task.network()).take()


@dataclass(frozen=True)
class Recipe:
    """How a site trains in one round.

    ``proximal_mu`` adds mu / 2 · ‖w − w_start‖² to the loss (FedProx); 0 leaves it out. ``steps`` is the most that are
    taken, over all epochs; 0 takes all. ``sampling`` is that of models.task.Training.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    optimiser: Literal["adam", "sgd"] = "adam"
    weight_decay: float = 0.0
    proximal_mu: float = 0.0
    steps: int = 0
    sampling: float = 1.0

    @classmethod
    def of(cls, request: RunRequest, task: Task, round: int, proximal_mu: float = 0.0) -> "Recipe":
        """Return the recipe of round ``round`` (from 1)."""
        # Adam divides by the size of gradients, which under noise is that of the noise
        noisy = request.dp_epsilon and request.dp_level == "example"
        return cls(
            epochs=request.local_epochs,
            batch_size=request.batch_size,
            learning_rate=request.learning_rate * task.training.decay ** (round - 1),
            optimiser="sgd" if noisy else task.training.optimiser,
            weight_decay=task.training.weight_decay,
            proximal_mu=proximal_mu,
            steps=request.steps,
            sampling=task.training.sampling,
        )


def seed_of(seed: int, round: int, position: int) -> int:
    """Return the 64-bit seed of a site's training in a round; different for every run seed, round and position."""
    return int(np.random.SeedSequence((seed, round, position)).generate_state(1, np.uint64)[0] >> 1)


def train(
    net: FlatNetwork,
    x: Tensor,
    y: Tensor,
    start: FloatArray,
    recipe: Recipe,
    *,
    seed: int,
    stop: Stop | None = None,
    pull: FloatArray | None = None,
) -> float:
    """Train ``net`` from ``start`` on (n, f) features and (n,) labels; afterwards it holds the new weights.

    The optimiser is fresh, so a round depends on nothing but its arguments. ``pull`` is added to every gradient.

    Returns
    -------
    Mean loss over the rows of the last epoch, as far as it went.

    Raises
    ------
    fl.watcher.Cancelled
        Between two batches, when ``stop`` was set.
    """
    torch.set_num_threads(1)  # sums then do not depend on the machine, and two threads do not slow each other down
    net.load(start)
    anchor = net.learned.clone() if recipe.proximal_mu else None
    added = None if pull is None else torch.tensor(pull)
    steps = optimiser(recipe.optimiser, net.learned, recipe.learning_rate, recipe.weight_decay)
    total, seen, left = torch.zeros(()), 0, recipe.steps or math.inf
    with _generator(seed, shared=net.draws(x)) as generator:
        net.network.train()
        for dropout in net.dropouts:
            dropout.generator = generator
        for _ in range(recipe.epochs):
            if not left:
                break
            total, seen = torch.zeros(()), 0
            for rows in _order(y, recipe.sampling, generator).split(recipe.batch_size):  # type: ignore[no-untyped-call]
                if not left:
                    break
                left -= 1
                if stop is not None:
                    stop.check()
                net.gradient.zero_()
                loss = net.loss(net.network(x[rows]), y[rows])
                loss.backward()  # type: ignore[no-untyped-call]
                if anchor is not None:
                    net.gradient.add_(net.learned - anchor, alpha=recipe.proximal_mu)
                if added is not None:
                    net.gradient.add_(added)
                steps.step(net.gradient)
                total += loss.detach() * len(rows)
                seen += len(rows)
    return float(total) / seen


def _order(y: Tensor, sampling: float, generator: torch.Generator) -> Tensor:
    """Return as many row numbers as there are rows: each once, or classes drawn as ``sampling`` says."""
    if sampling == 1:
        return torch.randperm(len(y), generator=generator)
    _, classes, counts = y.unique(return_inverse=True, return_counts=True)  # type: ignore[no-untyped-call]
    return torch.multinomial(counts.double()[classes] ** (sampling - 1), len(y), replacement=True, generator=generator)


@contextmanager
def _generator(seed: int, *, shared: bool) -> Iterator[torch.Generator]:
    """Return a generator that starts with ``seed``: the process's own, put back afterwards, if ``shared``."""
    if not shared:
        yield torch.Generator().manual_seed(seed)
        return
    with _DRAWING, torch.random.fork_rng(devices=[]):
        _seed(seed)
        yield torch.default_generator


def _seed(seed: int) -> None:
    """Seed the processor's generator only: torch.manual_seed also queues a call, with a stack trace, a device."""
    torch.default_generator.manual_seed(seed)


def warm_up() -> None:
    """Train one row once: the first step loads what PyTorch loads late."""
    net = FlatNetwork(nn.Linear(1, 1))
    train(net, torch.zeros(1, 1), torch.zeros(1), net.take(), Recipe(1, 1, 0.1), seed=0)


def tensors_of(task: Task, rows: Dataset, preparation: Preparation) -> tuple[Tensor, Tensor]:
    """Return the (n, f) standardised features and (n,) labels of ``rows``: float32, int64 for more than two classes."""
    return torch.from_numpy(preparation(task, rows.x)), torch.from_numpy(rows.y).to(label_type(len(task.classes)))


def own_preparation(task: Task, rows: Dataset) -> Preparation:
    """Return the preparation of a site that knows no rows but its own."""
    if not task.standardised:
        return Preparation.none()
    fill = combine_medians([medians(rows.x)])
    mean, scale = combine_moments([moments(fill_gaps(task, rows.x, fill))])
    return Preparation(fill, mean, scale)


def keeps_its_own(request: RunRequest, rows: int) -> bool:
    """Whether a site that trains on ``rows`` rows standardises its inputs by its own mean and deviation.

    Where the request asks for ``standardise`` ``site``, mean, deviation and fill values stay at the site and only the
    rest of the model is averaged, as with the batch normalisation of FedBN: Li et al. (2021), "FedBN: Federated
    Learning on Non-IID Features via Local Batch Normalization", https://arxiv.org/abs/2102.07623. Networks here are
    layers over standardised features and have no scale and shift of their own to keep; that only the statistics stay
    is SiloBN: Andreux et al. (2020), https://arxiv.org/abs/2008.07424. A site of fewer than ``OWN_FROM`` rows cannot
    tell its own and takes those of all sites.
    """
    return request.standardise == "site" and rows >= OWN_FROM


def preparation_at(request: RunRequest, task: Task, rows: Dataset, shared: Preparation) -> Preparation:
    """Return what a site that trains on ``rows`` turns inputs into features by: its own, or that of all sites."""
    return own_preparation(task, rows) if keeps_its_own(request, len(rows)) else shared


def normalises(net: FlatNetwork) -> bool:
    """Whether a network has batch normalisation of its own, which is averaged with all other weights."""
    kinds = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d
    return any(isinstance(module, kinds) for module in net.network.modules())


def public_preparation(task: Task) -> Preparation:
    """Return the preparation fitted on the task's public calibration rows, which belong to no site."""
    rows, split = public_split(task.name)
    return own_preparation(task, rows.take(split.calibration))


def train_alone(
    request: RunRequest,
    rows: Dataset,
    *,
    position: int,
    stop: Stop | None = None,
    loss_of: Callable[[FloatArray, Preparation], float] | None = None,
) -> tuple[FloatArray, Preparation]:
    """Train on ``rows`` only, by the recipe of the run: same start, rounds, epochs and settings, own preparation.

    Parameters
    ----------
    position : of the site, or POOLED; decides the order of rows.
    loss_of : keeps the round with the lowest of these losses (early stopping); None keeps the last round.
    """
    task, net = get_task(request.task), network_of(request.task)
    preparation = own_preparation(task, rows)
    x, y = tensors_of(task, rows, preparation)
    weights = best = initial_weights(task, request.seed)
    lowest = float("inf")
    for round in range(1, request.rounds + 1):
        recipe = Recipe.of(request, task, round)
        train(net, x, y, weights, recipe, seed=seed_of(request.seed, round, position), stop=stop)
        weights = net.take()
        loss = loss_of(weights, preparation) if loss_of else -float(round)
        if loss < lowest:
            lowest, best = loss, weights
    return best, preparation
