"""How well a language model foresees answers: the mean cost of a word, and what it is at each hospital. Pure NumPy.

Outputs are (n, 2): what the answer of each row costs in nats, and of how many tokens it is.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.metrics import Interval

METRICS = ("loss", "perplexity")
AT = "loss at "  # begins the name of the metric of one site
_BLOCK = 200  # resamples held at once
_LARGEST = 700.0  # beyond, exp has no number

Array = NDArray[np.float64]


def token_metrics(outputs: NDArray[np.floating], hospitals: Sequence[str] | None = None) -> dict[str, float]:
    """Return ``loss`` (nats a token), ``perplexity``, and ``loss at NAME`` of each hospital of (n, 2) outputs."""
    cost, tokens = np.asarray(outputs, dtype=np.float64).T
    found = _of(cost.sum(), tokens.sum())
    named = np.array(hospitals or (), dtype=object)
    for name in dict.fromkeys(hospitals or ()):
        mine = named == name
        found[AT + name] = float(cost[mine].sum() / max(1.0, tokens[mine].sum()))
    return found


def at_sites(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return what answers cost at each site, out of all metrics of a round."""
    return {name: value for name, value in metrics.items() if name.startswith(AT)}


def token_intervals(
    outputs: NDArray[np.floating], hospitals: Sequence[str] | None = None, resamples: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """Return every metric with its 95 % interval, by drawing whole answers again."""
    whole = token_metrics(outputs, hospitals)
    drawn = _drawn(np.asarray(outputs, dtype=np.float64), resamples, seed)
    found = _intervals(whole, drawn)
    named = np.array(hospitals or (), dtype=object)
    for name in dict.fromkeys(hospitals or ()):
        mine = np.asarray(outputs, dtype=np.float64)[named == name]
        key = AT + name
        found[key] = _interval(whole[key], _drawn(mine, resamples, seed))
    return found


def token_differences(
    a: NDArray[np.floating], b: NDArray[np.floating], resamples: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """Return loss and perplexity of ``a`` minus those of ``b`` on the same answers, drawn together."""
    first, second = (np.asarray(each, dtype=np.float64) for each in (a, b))
    one, two = _drawn(first, resamples, seed), _drawn(second, resamples, seed)
    whole, other = token_metrics(first), token_metrics(second)
    return {
        "loss": _interval(whole["loss"] - other["loss"], one - two),
        "perplexity": _interval(whole["perplexity"] - other["perplexity"], _exp(one) - _exp(two)),
    }


def row_losses(outputs: NDArray[np.floating]) -> Array:
    """Return the (..., n) loss of each row of (..., n, 2) outputs."""
    values = np.asarray(outputs, dtype=np.float64)
    losses: Array = values[..., 0] / np.maximum(values[..., 1], 1.0)
    return losses


def _of(cost: float, tokens: float) -> dict[str, float]:
    loss = float(cost / max(1.0, tokens))
    return {"loss": loss, "perplexity": float(_exp(np.array(loss)))}


def _exp(losses: Array) -> Array:
    found: Array = np.exp(np.minimum(losses, _LARGEST))
    return found


def _drawn(outputs: Array, resamples: int, seed: int) -> Array:
    """Return the (resamples,) losses of answers drawn with replacement."""
    random, n = np.random.default_rng(seed), len(outputs)
    blocks = []
    for start in range(0, resamples, _BLOCK):
        times = random.multinomial(n, np.full(n, 1 / n), size=min(_BLOCK, resamples - start))
        cost, tokens = (times @ outputs).T
        blocks.append(cost / np.maximum(tokens, 1.0))
    return np.concatenate(blocks)


def _intervals(whole: dict[str, float], losses: Array) -> dict[str, Interval]:
    return {
        "loss": _interval(whole["loss"], losses),
        "perplexity": _interval(whole["perplexity"], _exp(losses)),
    }


def _interval(value: float, drawn: Array) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high))
