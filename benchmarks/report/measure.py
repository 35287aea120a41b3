"""The measurements: sizes, runs by three rules on the same rows, weights of hospitals, speed, privacy."""

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from data.table import Dataset, FloatArray
from fl import evaluation, sites
from fl.evaluation import HeldOut
from fl.federation import federate
from fl.local import network_of, tensors_of
from fl.privacy.overlap import near_overlap, overlap
from fl.request import RunRequest
from fl.watcher import RoundResult, Silent, Snapshot, Stop
from models.language.adapted import Adapted
from models.language.base import base
from models.language.writing import write
from models.metrics import with_intervals
from models.preparation import Preparation
from models.registry import get_task
from models.tasks.medical_qa import task as medical_qa
from models.token_metrics import row_losses, token_differences, token_intervals
from settings import ROOT

TASK = "medical_qa"
RULES = {"equal": "naive (equal weights)", "fedavg": "weighted by rows", "agentic": "agentic"}
QUESTION = "What are the symptoms of gout?"
TOKENS = 32  # of an answer whose time is taken

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Parameters
    ----------
    rounds, steps, seeds : of each run, and how many runs a rule.
    scored, few : held-out answers a site for models, and in all for updates.
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


QUICK = Plan(rounds=2, steps=3, seeds=1, scored=8, few=12, members=24, asked=2)
FULL = Plan(rounds=5, steps=12, seeds=2, scored=24, few=24, members=200, asked=5)


@dataclass
class Kept(Silent):
    """Keeps the rounds and what was said."""

    rounds: list[RoundResult] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None:
        """Keep a round."""
        self.rounds.append(result)

    def event(self, text: str, level: str = "info") -> None:
        """Keep a sentence."""
        self.events.append(text)


def steps_of(plan: Plan) -> int:
    """Return how many steps ``measure`` tells of."""
    return 3 + len(RULES) * plan.seeds


def measure(plan: Plan, say: Say) -> dict[str, Any]:
    """Return every figure by part of the report."""
    began, before = time.perf_counter(), _cpu()
    kept = medical_qa.SCORED, evaluation.FEW_ANSWERS
    medical_qa.SCORED, evaluation.FEW_ANSWERS = plan.scored, plan.few
    try:
        say("reading base and records")
        size = _size()
        runs = {rule: [_run(rule, plan, seed, say) for seed in range(plan.seeds)] for rule in RULES}
        last = runs["fedavg"][0][0].rounds[-1]
        size.update(bytes_up=last.bytes_up, bytes_down=last.bytes_down)
        say("taking the time of answers")
        speed = _speed(plan)
        say("telling training records from others")
        privacy = _privacy(plan, runs["fedavg"][0][1])
    finally:
        medical_qa.SCORED, evaluation.FEW_ANSWERS = kept
    return {
        "size": size,
        "convergence": {**_convergence(runs["fedavg"][0][0]), "steps": plan.steps},
        "aggregation": _aggregation(runs),
        "weights": _weights(runs),
        "speed": speed,
        "privacy": privacy,
        "seconds": {"wall": time.perf_counter() - began, "cpu": _cpu() - before},
    }


def _cpu() -> float:
    """Return the seconds of processor time that this process and those it waited for have taken."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


Run = tuple[Kept, FloatArray, FloatArray, RunRequest]  # weights, and the (n, 2) outputs on held-out answers


def _run(rule: str, plan: Plan, seed: int, say: Say) -> Run:
    say(f"training with {rule}, seed {seed}")
    own = {"strategy": rule, "rounds": plan.rounds, "steps": plan.steps, "seed": seed, "benefit": False}
    request, kept = RunRequest.for_task(get_task(TASK), **own), Kept()
    outcome = federate(request, watcher=kept, stop=Stop())
    outputs = HeldOut(get_task(TASK), Preparation.none()).logits(outcome.weights)
    return kept, outcome.weights, outputs, request


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


def _convergence(kept: Kept) -> dict[str, Any]:
    named = [name for name in kept.rounds[0].metrics if name.startswith("loss at ")]
    losses = [result.loss for result in kept.rounds]
    return {
        "losses": losses,
        "sites": {name.removeprefix("loss at "): [result.metrics[name] for result in kept.rounds] for name in named},
        "fall": 1 - losses[-1] / losses[0],
    }


def _aggregation(runs: dict[str, list[Run]]) -> dict[str, Any]:
    """Return loss with interval of each rule over all seeds' answers, and how it differs from that of ``fedavg``."""
    outputs = {rule: np.concatenate([run[2] for run in own]) for rule, own in runs.items()}
    found = {}
    for rule, own in outputs.items():
        entry = {"loss": token_intervals(own)["loss"].as_json(), "n": len(own)}
        if rule != "fedavg":
            entry["against_fedavg"] = token_differences(own, outputs["fedavg"])["loss"].as_json()
        found[rule] = entry
    return found


def _weights(runs: dict[str, list[Run]]) -> dict[str, Any]:
    roster = sites.roster(runs["fedavg"][0][3])
    rows = {site.name: site.samples for site in roster}
    return {
        "rows": rows,
        "equal": {name: 1 / len(rows) for name in rows},
        "fedavg": {name: count / sum(rows.values()) for name, count in rows.items()},
        "agentic_said": [text for text in runs["agentic"][0][0].events if "left out" not in text][-1:],
    }


def _speed(plan: Plan) -> dict[str, Any]:
    """Return seconds of an answer in a new process, reading included, and of warm ones; as many tokens each."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "benchmarks.report.cold"], cwd=ROOT, check=True, capture_output=True)
    cold = time.perf_counter() - began
    network, tokenizer = network_of(TASK).network.eval(), base().tokenizer
    assert isinstance(network, Adapted)
    warm = []
    for _ in range(plan.asked):
        began = time.perf_counter()
        write(network.model, tokenizer, QUESTION, TOKENS)
        warm.append(time.perf_counter() - began)
    middle = statistics.median(warm)
    return {"cold": cold, "warm": warm, "warm_median": middle, "times": cold / middle, "tokens": TOKENS}


def _privacy(plan: Plan, weights: FloatArray) -> dict[str, Any]:
    """Return overlap of sites, and the AUC of the attack by loss (Yeom et al. 2018, https://arxiv.org/abs/1709.01604)."""
    request = RunRequest.for_task(get_task(TASK))
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


def _losses(weights: FloatArray, rows: Dataset) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    net = network_of(TASK)
    net.load(weights)
    with torch.inference_mode():
        outputs = net.network.eval()(tensors_of(get_task(TASK), rows, Preparation.none())[0])
    return row_losses(outputs.numpy())
