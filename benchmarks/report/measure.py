"""The measurements: sizes, a run whose last updates are joined by three rules, weights of hospitals, speed, privacy."""

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.report.joined import RULES, Trained, train
from benchmarks.report.speed import speed
from data.table import Dataset, FloatArray
from fl import evaluation, sites
from fl.evaluation import HeldOut
from fl.local import network_of, tensors_of
from fl.privacy.overlap import near_overlap, overlap
from fl.request import RunRequest
from models.language.base import base
from models.metrics import with_intervals
from models.preparation import Preparation
from models.registry import get_task
from models.tasks.medical_qa import task as medical_qa
from models.token_metrics import AT, at_sites, row_losses, token_differences, token_intervals

TASK = "medical_qa"

Say = Callable[[str], None]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Parameters
    ----------
    rounds, steps, seeds : of each run, and how many runs.
    scored, few : held-out answers a site for models, and in all for updates and for the agent's judgement.
    members : records that an attacker has to tell apart, of either kind.
    asked : warm answers whose time is taken.
    """

    rounds: int
    steps: int
    seeds: int
    scored: int
    few: int
    members: int
    asked: int


QUICK = Plan(rounds=2, steps=2, seeds=1, scored=4, few=6, members=12, asked=2)
FULL = Plan(rounds=4, steps=8, seeds=2, scored=24, few=24, members=200, asked=5)


def steps_of(plan: Plan) -> int:
    """Return how many steps ``measure`` tells of."""
    return 4 + plan.seeds


def measure(plan: Plan, say: Say, within: Say) -> dict[str, Any]:
    """Return every figure by part of the report; ``say`` hears of every step, ``within`` of every round."""
    began, before = time.perf_counter(), _cpu()
    kept = medical_qa.SCORED, evaluation.FEW_ANSWERS
    medical_qa.SCORED, evaluation.FEW_ANSWERS = plan.scored, plan.few
    try:
        say("reading base and records")
        size = _size()
        runs = []
        for seed in range(plan.seeds):
            say(f"training at three sites, seed {seed}")
            runs.append(train(_request(plan, seed), lambda done: within(f"{done.round} of {plan.rounds} rounds done")))
        last = runs[0].rounds[-1]
        size.update(bytes_up=last.bytes_up, bytes_down=last.bytes_down)
        say("scoring what each rule made of the same updates")
        aggregation = _aggregation(runs)
        say("taking the time of answers")
        fast = speed(plan.asked)
        say("telling training records from others")
        privacy = _privacy(plan, runs[0].joined["fedavg"].weights)
    finally:
        medical_qa.SCORED, evaluation.FEW_ANSWERS = kept
    return {
        "size": size,
        "convergence": {**_convergence(runs[0]), "steps": plan.steps, "n": 3 * plan.scored},
        "aggregation": aggregation,
        "weights": _weights(runs[0]),
        "speed": fast,
        "privacy": privacy,
        "seconds": {"wall": time.perf_counter() - began, "cpu": _cpu() - before},
    }


def _cpu() -> float:
    """Return the seconds of processor time that this process and those it waited for have taken."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _request(plan: Plan, seed: int) -> RunRequest:
    own = {"rounds": plan.rounds, "steps": plan.steps, "seed": seed, "benefit": False}
    return RunRequest.for_task(get_task(TASK), **own).validated()


def _size() -> dict[str, Any]:
    net, found = network_of(TASK), base()
    whole = sum(tensor.numel() for tensor in found.model.parameters())
    trained = len(net.weights)
    return {
        "base": found.name,
        "weights": whole,
        "bytes": 4 * whole,
        "trained": trained,
        "trained_bytes": 4 * trained,
        "trained_part": trained / whole,
        "less": 1 - trained / whole,
    }


def _convergence(run: Trained) -> dict[str, Any]:
    named = list(at_sites(run.rounds[0].metrics))
    losses = [result.loss for result in run.rounds]
    return {
        "losses": losses,
        "sites": {name.removeprefix(AT): [result.metrics[name] for result in run.rounds] for name in named},
        "fall": 1 - losses[-1] / losses[0],
    }


def _aggregation(runs: Sequence[Trained]) -> dict[str, Any]:
    """Return loss with interval of each rule over all seeds' answers, and how it differs from that of ``fedavg``."""
    heldout = HeldOut(get_task(TASK), Preparation.none())
    outputs = {rule: np.concatenate([heldout.logits(run.joined[rule].weights) for run in runs]) for rule in RULES}
    found: dict[str, Any] = {}
    for rule, own in outputs.items():
        found[rule] = {"loss": token_intervals(own)["loss"].as_json(), "n": len(own)}
        if rule != "fedavg":
            found[rule]["against_fedavg"] = token_differences(own, outputs["fedavg"])["loss"].as_json()
    return found


def _weights(run: Trained) -> dict[str, Any]:
    return {
        "rows": {site.name: site.samples for site in sites.roster(run.request)},
        **{rule: run.joined[rule].parts for rule in RULES},
        "agentic_said": run.joined["agentic"].said,
    }


def _privacy(plan: Plan, weights: FloatArray) -> dict[str, Any]:
    """Return overlap of sites, and the AUC of the attack by loss (Yeom et al. 2018, https://arxiv.org/abs/1709.01604)."""
    request = _request(plan, 0)
    held = [sites.rows_of(request, site.position).rows for site in sites.roster(request)]
    trained = _some(sites.join(held), plan.members)
    public, split = sites.public_split(TASK)
    others = _some(sites.public_features(TASK).take(split.heldout), plan.members)
    losses = np.concatenate([_losses(weights, rows) for rows in (trained, others)])
    member = np.repeat([1, 0], [len(trained), len(others)])
    ranks = losses.argsort().argsort() / max(1, len(losses) - 1)
    attack = with_intervals(member, 1 - ranks)["auc"]
    return {
        "overlap": overlap(held),
        "near_overlap": near_overlap(held),
        "records": sum(map(len, held)),
        "of": len(public),
        "membership": attack.as_json(),
        "members": plan.members,
        "epsilon": None,
    }


def _some(rows: Dataset, count: int) -> Dataset:
    return rows.take(np.random.default_rng(0).permutation(len(rows))[:count].astype(np.int64))


def _losses(weights: FloatArray, rows: Dataset) -> Array:
    net = network_of(TASK)
    net.load(weights)
    with torch.inference_mode():
        outputs = net.network.eval()(tensors_of(get_task(TASK), rows, Preparation.none())[0])
    return row_losses(outputs.numpy())
