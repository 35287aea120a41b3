"""What each site is worth to the model of a run: its Shapley value, in loss on held-out rows.

The value of some sites is how far a federation of them alone lowers the log loss; a site's own is the mean of what it
adds over all orders in which sites could join (Ghorbani & Zou 2019, "Data Shapley", https://arxiv.org/abs/1904.02868;
for federations Wang et al. 2020, https://arxiv.org/abs/2009.06192). With few sites all groups are trained, else those
of some orders drawn at random.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from fl.evaluation import HeldOut
from fl.local import initial_weights
from fl.privacy.copies import Site, federated_copies
from fl.request import RunRequest
from models.metrics import Interval
from models.preparation import Preparation
from models.registry import get_task

EXACT = 5  # sites up to which every order is looked at
MOST_SITES = 30
RESAMPLES = 1000

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Contribution:
    """What one site adds; ``value`` in nats of log loss, above 0 when it helps."""

    site: str
    value: Interval

    @property
    def harms(self) -> bool:
        """Whether the whole interval is below 0."""
        return self.value.high < 0


def contributions(
    request: RunRequest, names: Sequence[str], sites: Sequence[Site], preparation: Preparation, orders: int
) -> list[Contribution]:
    """Return the contribution of each site, in order.

    Parameters
    ----------
    sites : their features and labels.
    orders : drawn at random where there are more than five sites.
    """
    draws = np.random.default_rng((request.seed, 77))
    chosen = _orders(len(sites), orders, draws)
    groups = sorted({frozenset(order[:end]) for order in chosen for end in range(1, len(order) + 1)}, key=sorted)
    weights = federated_copies(request, [[sites[each] for each in sorted(group)] for group in groups])
    heldout = HeldOut(get_task(request.task), preparation)
    start = heldout.row_losses(initial_weights(get_task(request.task), request.seed)[None])[0]
    losses = dict(zip(groups, heldout.row_losses(weights), strict=True))
    losses[frozenset()] = start
    added = np.zeros((len(chosen), len(sites), len(start)))
    for place, order in enumerate(chosen):
        for end, site in enumerate(order):
            added[place, site] = losses[frozenset(order[:end])] - losses[frozenset(order[: end + 1])]
    return [Contribution(name, _interval(added[:, at], draws)) for at, name in enumerate(names)]


def _orders(sites: int, count: int, draws: np.random.Generator) -> list[tuple[int, ...]]:
    if sites <= EXACT:
        return list(permutations(range(sites)))
    return [tuple(draws.permutation(sites).tolist()) for _ in range(count)]


def _interval(added: Array, draws: np.random.Generator) -> Interval:
    """Return the mean of (orders, rows) with its interval over other orders and other held-out rows."""
    orders, rows = added.shape
    means = [
        added[draws.integers(orders, size=orders)].mean(axis=0)[draws.integers(rows, size=rows)].mean()
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(added.mean()), float(low), float(high))
