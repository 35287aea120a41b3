"""FLamby's Fed-Heart-Disease: its rows, its split and its protocol, so that figures stand beside the published ones.

Ogier du Terrail et al. (2022), "FLamby", https://arxiv.org/abs/2210.04620: of the four UCI hospitals the ten columns
that are mostly there, rows without gaps; 66 % of each hospital to train on, stratified by class with scikit-learn's
``train_test_split`` and random state 43; logistic regression; batches of 4; 100 steps a site and round; 15 rounds;
accuracy on each hospital's test rows, averaged over hospitals, and on all test rows together.

Published: pooled .735 mean and .795 together; federated averaging .685 and .748; the best federated ones, FedAdagrad
and FedYogi, .731 and .779. What differs here: inputs are standardised by the sites' summed moments, and the agentic
rule needs rows at the server, for which a tenth of each hospital's training rows is set aside, in its case only. Step
size and shrinkage were chosen by five-fold cross-validation within the training rows (``chosen``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.public import HEART_COLUMNS, heart_disease
from fl.strategies.agentic import Agentic
from fl.strategies.equal import Equal
from fl.strategies.fedcostw import CostWeighted
from fl.strategies.fedpid import PID
from fl.strategies.rule import Round, Rule, mean

Array = NDArray[np.float64]

TRAIN, RANDOM_STATE = 0.66, 43
BATCH, STEPS, ROUNDS = 4, 100, 15
POOLED_EPOCHS = 50
DROPPED = ("slope", "ca", "thal")
CATEGORIES = {"cp": (2, 3, 4), "restecg": (1, 2)}  # levels but the first
RATES, SHRINKS = (0.003, 0.01, 0.03, 0.1), (0.0, 0.01, 0.03)
FOLDS = 5
SERVER_PART = 0.1
PUBLISHED = {"pooled": (0.735, 0.795), "fedavg": (0.685, 0.748), "best federated": (0.731, 0.779)}


@dataclass(frozen=True)
class Site:
    """A hospital's rows: (n, 13) features and (n,) labels."""

    name: str
    x: Array
    y: Array

    def take(self, index: NDArray[np.int64]) -> "Site":
        """Return some of the rows."""
        return Site(self.name, self.x[index], self.y[index])


def hospitals() -> tuple[list[Site], list[Site]]:
    """Return training and test rows of the four hospitals, as FLamby divides them."""
    from sklearn.model_selection import train_test_split

    rows = heart_disease()
    x = np.array(rows.x)
    for name in ("trestbps", "chol"):  # FLamby keeps the zeros that stand for values not measured
        column = x[:, HEART_COLUMNS.index(name)]
        column[np.isnan(column) & _was_zero(name)] = 0.0
    kept = [at for at, name in enumerate(HEART_COLUMNS) if name not in DROPPED]
    train, test = [], []
    for hospital in dict.fromkeys(rows.hospitals):
        here = np.array([each == hospital for each in rows.hospitals]) & ~np.isnan(x[:, kept]).any(axis=1)
        y = (rows.num[here] > 0).astype(np.float64)
        site = Site(hospital, _features(x[here]), y)
        stratify = y if all((y == level).sum() > 2 for level in np.unique(y)) and len(np.unique(y)) > 1 else None
        first, second = train_test_split(
            np.arange(len(y)),
            test_size=1 - TRAIN,
            train_size=TRAIN,
            random_state=RANDOM_STATE,
            shuffle=True,
            stratify=stratify,
        )
        train.append(site.take(np.sort(first)))
        test.append(site.take(np.sort(second)))
    return train, test


def _was_zero(name: str) -> NDArray[np.bool_]:
    from data.public import heart_zeros

    return heart_zeros(name)


def _features(x: NDArray[np.float32]) -> Array:
    parts = []
    for at, name in enumerate(HEART_COLUMNS):
        if name in CATEGORIES:
            parts.append(x[:, [at]] == np.array(CATEGORIES[name], dtype=np.float32))
        elif name not in DROPPED:
            parts.append(x[:, [at]])
    return np.concatenate(parts, axis=1).astype(np.float64)


def standardised(train: list[Site], test: list[Site]) -> tuple[list[Site], list[Site]]:
    """Return both by mean and deviation of all training rows, which sites give as sums; with a column of ones."""
    together = np.concatenate([site.x for site in train])
    middle, spread = together.mean(axis=0), np.maximum(together.std(axis=0), 1e-9)

    def turn(site: Site) -> Site:
        return Site(site.name, np.hstack([(site.x - middle) / spread, np.ones((len(site.y), 1))]), site.y)

    return [turn(site) for site in train], [turn(site) for site in test]


def local(site: Site, start: Array, steps: int, rate: float, shrink: float, rng: np.random.Generator) -> Array:
    """Return the weights after steps of gradient descent on batches of the site's rows, reshuffled as they run out."""
    weights, order, at = start.copy(), rng.permutation(len(site.y)), 0
    for _ in range(steps):
        if at >= len(order):
            order, at = rng.permutation(len(site.y)), 0
        batch = order[at : at + BATCH]
        at += BATCH
        error = 1 / (1 + np.exp(-site.x[batch] @ weights)) - site.y[batch]
        gradient = site.x[batch].T @ error / len(batch)
        gradient[:-1] += shrink * weights[:-1]
        weights -= rate * gradient
    return weights


def log_loss(site: Site, weights: Array) -> Array:
    """Return the (n,) log loss of each row."""
    odds = site.x @ weights
    losses: Array = np.logaddexp(0, odds) - site.y * odds
    return losses


def federated(train: list[Site], rule: Rule | None, rate: float, shrink: float, seed: int) -> Array:
    """Train by a rule, federated averaging without one."""
    rng = np.random.default_rng(seed)
    server = Site("server", np.empty((0, train[0].x.shape[1])), np.empty(0))
    if isinstance(rule, Agentic):
        own, given = [], []
        for site in train:
            order = rng.permutation(len(site.y))
            cut = max(1, round(SERVER_PART * len(order)))
            given.append(site.take(order[:cut]))
            own.append(site.take(order[cut:]))
        train = own
        server = Site("server", np.concatenate([s.x for s in given]), np.concatenate([s.y for s in given]))
    weights = np.zeros(train[0].x.shape[1])
    for number in range(1, ROUNDS + 1):
        sent = [local(site, weights, STEPS, rate, shrink, rng) for site in train]
        told = [float(log_loss(site, w).mean()) for site, w in zip(train, sent, strict=True)]
        present = Round(
            number=number,
            start=weights.astype(np.float32),
            weights=np.stack(sent).astype(np.float32),
            counts=np.array([float(len(site.y)) for site in train]),
            told=np.array(told),
            positions=list(range(len(train))),
            names=[site.name for site in train],
            sites=len(train),
            judge=lambda models: np.stack([log_loss(server, w) for w in models.astype(np.float64)]),
        )
        joined = mean(present, present.shares) if rule is None else rule.join(present)[0]
        weights = joined.astype(np.float64)
    return weights


def pooled(train: list[Site], rate: float, shrink: float, seed: int) -> Array:
    """Train on all rows in one place, for FLamby's number of epochs."""
    together = Site("all", np.concatenate([s.x for s in train]), np.concatenate([s.y for s in train]))
    steps = POOLED_EPOCHS * -(-len(together.y) // BATCH)
    return local(together, np.zeros(together.x.shape[1]), steps, rate, shrink, np.random.default_rng(seed))


def accuracies(test: list[Site], weights: Array) -> list[float]:
    """Return the accuracy at each hospital and, last, on all test rows."""
    right = [((site.x @ weights > 0) == (site.y == 1)) for site in test]
    return [float(each.mean()) for each in (*right, np.concatenate(right))]


def chosen(train: list[Site], fit: Callable[[list[Site], float, float, int], Array]) -> tuple[float, float]:
    """Return step size and shrinkage with the lowest log loss over five folds within the training rows."""
    rng = np.random.default_rng(0)
    folds = [rng.permutation(len(site.y)) % FOLDS for site in train]

    def loss(rate: float, shrink: float) -> float:
        total = []
        for fold in range(FOLDS):
            kept = [s.take(np.flatnonzero(f != fold)) for s, f in zip(train, folds, strict=True)]
            left = [s.take(np.flatnonzero(f == fold)) for s, f in zip(train, folds, strict=True)]
            weights = fit(kept, rate, shrink, 0)
            total.append(float(np.mean([log_loss(site, weights).mean() for site in left if len(site.y)])))
        return float(np.mean(total))

    return min(((rate, shrink) for rate in RATES for shrink in SHRINKS), key=lambda pair: loss(*pair))


RULES: dict[str, Callable[[], Rule] | None] = {
    "fedavg": None,
    "equal": Equal,
    "fedcostw": lambda: CostWeighted(0.5),
    "fedpid": lambda: PID(0.45, 0.45, 0.1),
    "agentic": Agentic,
}


def measure(seeds: int) -> dict[str, Any]:
    """Return for every rule its settings and, for every seed, the accuracy at each hospital and together."""
    train, test = standardised(*hospitals())
    found: dict[str, Any] = {
        "sites": [{"name": a.name, "train": len(a.y), "test": len(b.y)} for a, b in zip(train, test, strict=True)],
        "published": {name: {"mean": a, "together": b} for name, (a, b) in PUBLISHED.items()},
        "measured": {},
    }

    def fit_of(name: str) -> Callable[[list[Site], float, float, int], Array]:
        if name == "pooled":
            return pooled
        make = RULES[name]
        return lambda rows, rate, shrink, seed: federated(rows, make() if make else None, rate, shrink, seed)

    for name in ("pooled", *RULES):
        fit = fit_of(name)
        rate, shrink = chosen(train, fit)
        runs = [accuracies(test, fit(train, rate, shrink, seed)) for seed in range(seeds)]
        found["measured"][name] = {
            "rate": rate,
            "shrink": shrink,
            "seeds": [{"hospitals": run[:-1], "mean": float(np.mean(run[:-1])), "together": run[-1]} for run in runs],
        }
    return found


def table(found: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = ["| | mean of the four hospitals | all test rows | each seed (mean) |", "|---|---|---|---|"]
    for name, own in found["measured"].items():
        means = [seed["mean"] for seed in own["seeds"]]
        together = [seed["together"] for seed in own["seeds"]]
        each = ", ".join(f"{value:.3f}" for value in means)
        lines.append(f"| {name} | {np.mean(means):.3f} | {np.mean(together):.3f} | {each} |")
    for name, values in found["published"].items():
        lines.append(f"| FLamby, {name} | {values['mean']:.3f} | {values['together']:.3f} | |")
    return "\n".join(lines)
