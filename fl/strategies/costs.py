"""What sites said of their loss in the last rounds, for the rules that weigh by it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fl.strategies.rule import Array, Round


def remembered(state: dict[str, NDArray[Any]], round: Round, depth: int) -> Array:
    """Add this round's losses to ``state["costs"]`` and return those of the present sites, (depth, s), newest first.

    A site that said nothing keeps what it said last; NaN where it has not said as much yet.
    """
    if "costs" not in state:
        state["costs"] = np.full((depth, round.sites), np.nan)
    at = list(round.positions)
    costs = state["costs"].copy()
    costs[1:, at] = costs[:-1, at]
    costs[0, at] = np.where(np.isnan(round.told), costs[0, at], np.maximum(round.told, 0.0))
    state["costs"] = costs
    present: Array = costs[:, at]
    return present


def normalised(values: Array, otherwise: Array) -> Array:
    """Return ``values``, negative ones taken as 0, divided by their sum; ``otherwise`` where nothing is left."""
    positive = np.maximum(values, 0.0)
    total = positive.sum()
    found: Array = positive / total if np.isfinite(total) and total > 0 else otherwise
    return found
