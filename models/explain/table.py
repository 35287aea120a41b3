"""Which inputs mattered: Shapley values of one row of a table against a typical patient.

The value of a set of columns is the model's log-odds when those columns are the patient's and the others are typical
(Lundberg and Lee 2017, https://arxiv.org/abs/1705.07874, with a single background). Up to 13 columns they are exact,
over all 2^d sets; beyond, the mean over random orders of the columns, each also walked backwards (antithetic
sampling, Mitchell et al. 2022, https://arxiv.org/abs/2104.12199). Either way they sum to the difference in log-odds.
"""

from collections.abc import Callable
from math import factorial

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray, TableSchema

Array = NDArray[np.float64]
LogOdds = Callable[[FloatArray], Array]  # (n, d) inputs → (n,)

EXACT_UP_TO = 13
_ORDERS = 32


def typical(schema: TableSchema, fill: FloatArray) -> FloatArray:
    """Return the (d,) background: the federation's medians, for categories the nearest real level."""
    background = np.array(fill, dtype=np.float32)
    for position, column in enumerate(schema.columns):
        if column.levels:
            background[position] = min(column.levels, key=lambda level: abs(level - float(fill[position])))
    return background


def shapley(log_odds: LogOdds, row: FloatArray, background: FloatArray, seed: int = 0) -> Array:
    """Return the (d,) Shapley values of the (d,) ``row``, in log-odds; NaN in a row means missing and stays so."""
    if len(row) <= EXACT_UP_TO:
        return _exact(log_odds, row, background)
    return _sampled(log_odds, row, background, seed)


def _exact(log_odds: LogOdds, row: FloatArray, background: FloatArray) -> Array:
    d = len(row)
    sets = np.arange(2**d)
    member = (sets[:, None] >> np.arange(d)) & 1 == 1
    value = log_odds(np.where(member, row, background).astype(np.float32))
    size = member.sum(axis=1)
    share = np.array([factorial(k) * factorial(d - k - 1) / factorial(d) for k in range(d)])
    found = np.empty(d)
    for column in range(d):
        without = sets[~member[:, column]]
        found[column] = share[size[without]] @ (value[without | (1 << column)] - value[without])
    return found


def _sampled(log_odds: LogOdds, row: FloatArray, background: FloatArray, seed: int) -> Array:
    d = len(row)
    random = np.random.default_rng(seed)
    forward = [random.permutation(d) for _ in range(_ORDERS)]
    orders = np.array([order for each in forward for order in (each, each[::-1])])
    rank = np.argsort(orders, axis=1)  # when each column switches from typical to the patient's
    steps = np.arange(d + 1)[None, :, None] > rank[:, None, :]
    inputs = np.where(steps, row, background).astype(np.float32).reshape(-1, d)
    value = log_odds(inputs).reshape(len(orders), d + 1)
    gain = np.diff(value, axis=1)  # of the column that switched at that step
    found = np.zeros(d)
    np.add.at(found, orders, gain)
    mean: Array = found / len(orders)
    return mean
