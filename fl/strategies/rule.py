"""The contract of MedHive's own strategies: a rule turns the updates of a round into the next global weights.

A rule is plain NumPy and knows nothing of Flower; fl.strategies.ruled puts it behind Flower's interface.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from models.language.lora import Factors

Array = NDArray[np.float64]
Judge = Callable[[FloatArray], Array]  # (s, p) weights → (s, n) loss on each row of the server


@dataclass(frozen=True)
class Round:
    """What the server knows when it joins the updates of a round.

    Parameters
    ----------
    number : of the round, from 1.
    start : (p,) global weights that the sites started from.
    weights : (s, p) what they sent.
    counts : (s,) rows each trained on.
    told : (s,) loss that each says it had; NaN where it says none. Nobody checks it.
    positions : of the sites in the run, ascending.
    names : of the sites.
    sites : how many sites the run has.
    judge : measures models on the server's calibration rows, which are never the rows that results are scored on.
    factors : where adapters are in the weights; () for a network without.
    learned : how many of the p weights gradients move; they come first, batch statistics after them.
    """

    number: int
    start: FloatArray
    weights: FloatArray
    counts: Array
    told: Array
    positions: Sequence[int]
    names: Sequence[str]
    sites: int
    judge: Judge
    factors: Sequence[Factors] = ()
    learned: int = 0

    @property
    def shares(self) -> Array:
        """The (s,) part of all rows that each site has."""
        share: Array = self.counts / self.counts.sum()
        return share


class Rule(Protocol):
    """Joins updates.

    Attributes
    ----------
    state : name → array: all that it keeps from round to round, so that a resumed run goes on to the same bits.
    """

    state: dict[str, NDArray[Any]]

    def join(self, round: Round) -> tuple[FloatArray, str]:
        """Return the (p,) next global weights, and one sentence for the run's events, empty for none."""


@runtime_checkable
class Correcting(Protocol):
    """A rule that also has a say in how sites train.

    Attributes
    ----------
    proximal_mu : of fl.local.Recipe.
    """

    proximal_mu: float

    def pull(self, position: int) -> FloatArray | None:
        """Return the (learned,) values that the site adds to every gradient, None for none."""


def mean(round: Round, weights: Array) -> FloatArray:
    """Return the mean of the sites' weights by (s,) ``weights``, which add up to 1."""
    found: FloatArray = (weights @ round.weights.astype(np.float64)).astype(np.float32)
    return found
