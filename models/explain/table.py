"""Which inputs mattered: Shapley values of one row of a table against a typical patient, by the shap package.

The value of a set of columns is the model's log-odds when those columns are the patient's and the others are typical
(Lundberg and Lee 2017, https://arxiv.org/abs/1705.07874, with a single background). Of few columns every set is asked
about, so they are exact; of more they are means over random orders of the columns, each also walked backwards
(antithetic sampling, Mitchell et al. 2022, https://arxiv.org/abs/2104.12199). They sum to the difference in log-odds.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray, TableSchema

Array = NDArray[np.float64]
LogOdds = Callable[[FloatArray], Array]  # (n, d) inputs → (n,)

_FEW = 13  # columns: 8192 sets, quicker than the orders
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
    import shap  # it and its compiler take seconds the first time, so only when somebody asks, or in quiet time

    masker = shap.maskers.Independent(background[None])
    if len(row) <= _FEW:
        explainer, evaluations = shap.explainers.ExactExplainer(log_odds, masker), 2**_FEW
    else:
        explainer = shap.explainers.PermutationExplainer(log_odds, masker, seed=seed)
        evaluations = _ORDERS * (2 * len(row) + 1)
    found = explainer(row[None], max_evals=evaluations, silent=True)
    values: Array = np.asarray(found.values[0], dtype=np.float64)
    return values
