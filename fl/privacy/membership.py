"""Membership inference: whether somebody who has the model can tell that a patient was among its training rows.

LiRA (Carlini et al. 2022, "Membership Inference Attacks From First Principles", https://arxiv.org/abs/2112.03570), the
online attack: copies of the federation are trained, each on a random half of members and others, and the loss of a row
is compared with what it is in copies that had the row and in those that had not. The attacker knows the recipe and all
rows but one, more than a real one would.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.table import Dataset, FloatArray
from fl.evaluation import SAMPLE, HeldOut
from fl.local import preparation_at, tensors_of
from fl.privacy.copies import federated_copies
from fl.request import RunRequest
from models.metrics import Interval, with_intervals
from models.preparation import Preparation
from models.registry import get_task

MOST = 400  # rows of either kind that are attacked

Array = NDArray[np.float64]


def attack(
    request: RunRequest,
    weights: FloatArray,
    preparation: Preparation,
    members: Dataset,
    others: Dataset,
    *,
    sites: int,
    shadows: int,
) -> Interval:
    """Return the AUC, with 95 % interval, at which members are told from others; .5 is a coin.

    Parameters
    ----------
    weights, preparation : of the model that is attacked.
    members, others : rows it was trained on, and rows of the same kind that it was not.
    sites : of the federation.
    shadows : copies to train, at least 4.
    """
    draws = np.random.default_rng((request.seed, 4242))
    pool, member = _pool(draws, members, others)
    inside = draws.random((shadows, len(member))).argsort(axis=0) < shadows // 2  # each row in half of them
    task, groups = get_task(request.task), []
    for own in inside:
        parts = [pool.take(part) for part in np.array_split(draws.permutation(np.flatnonzero(own)), sites)]
        groups.append([tensors_of(task, part, preparation_at(request, task, part, preparation)) for part in parts])
    copies = confidence(request.task, preparation, pool, federated_copies(request, groups))
    target = confidence(request.task, preparation, pool, weights[None])[0]
    scores = likelihood_ratio(target, copies, inside)
    chance = (scores.argsort().argsort() + 0.5) / len(scores)
    return with_intervals(member.astype(np.int64), chance)["auc"]


def likelihood_ratio(target: Array, copies: Array, inside: NDArray[np.bool_]) -> Array:
    """Return for each of n rows how much likelier (n,) ``target`` is in copies that had the row.

    Parameters
    ----------
    copies, inside : (s, n) confidences of the copies, and whether each copy had the row.
    """
    with_row, without = np.where(inside, copies, np.nan), np.where(inside, np.nan, copies)
    means = np.nanmean(with_row, axis=0), np.nanmean(without, axis=0)
    # one deviation for all rows, as the paper does with few copies
    apart = zip((with_row, without), means, strict=True)
    deviations = [max(1e-6, float(np.nanstd(part - mean))) for part, mean in apart]
    logs = [
        -((target - mean) ** 2) / (2 * deviation**2) - np.log(deviation)
        for mean, deviation in zip(means, deviations, strict=True)
    ]
    ratio: Array = logs[0] - logs[1]
    return ratio


def confidence(task: str, preparation: Preparation, rows: Dataset, weights: FloatArray) -> Array:
    """Return the (s, n) logarithms of p / (1 − p), p being what each of (s, p) weights gives each row's own class."""
    losses = np.concatenate([part.row_losses(weights) for part in _parts(task, preparation, rows)], axis=1)
    found: Array = -losses - np.log(np.maximum(-np.expm1(-losses), 1e-12))
    return found


def _parts(task: str, preparation: Preparation, rows: Dataset) -> Sequence[HeldOut]:
    starts = range(0, len(rows), SAMPLE)
    every = np.arange(len(rows))
    return [HeldOut(get_task(task), preparation, rows.take(every[first : first + SAMPLE])) for first in starts]


def _pool(draws: np.random.Generator, members: Dataset, others: Dataset) -> tuple[Dataset, NDArray[np.bool_]]:
    from fl.sites import join

    chosen = [rows.take(np.sort(draws.permutation(len(rows))[:MOST])) for rows in (members, others)]
    return join(chosen), np.repeat([True, False], [len(rows) for rows in chosen])
