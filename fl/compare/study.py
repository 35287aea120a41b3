"""Running a comparison: every strategy in every scenario with every seed, one federation after the other."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fl.compare.scenario import QUORUM, Scenario, scenarios
from fl.request import RequestError, RunRequest
from fl.strategies import STRATEGIES
from fl.watcher import QuorumLost, Silent, SiteState, Stop
from models.registry import get_task

BASELINE = "fedavg"
LARGEST_SEEDS = 100


@dataclass(frozen=True)
class Study:
    """What is compared.

    Parameters
    ----------
    task : name of the task.
    strategies : names in fl.strategies, the baseline among them.
    scenarios : what they are put to.
    seeds : each gives another division, other attackers and another start.
    sites, rounds : of every run; None for the task's own, at least ten sites. ``natural`` has its hospitals.
    """

    task: str
    strategies: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    seeds: tuple[int, ...]
    sites: int | None = None
    rounds: int | None = None

    @property
    def runs(self) -> int:
        """How many runs that takes."""
        return len(self.strategies) * len(self.scenarios) * len(self.seeds)

    def request(self, strategy: str, scenario: Scenario, seed: int) -> RunRequest:
        """Return the request of one run."""
        task = get_task(self.task)
        request = RunRequest.for_task(
            task,
            strategy=strategy,
            seed=seed,
            sites=self.sites or max(task.training.sites, 10),
            rounds=self.rounds,
            partition=scenario.partition,
            attack=scenario.attack,
            drop=scenario.drop,
        )
        return replace(request, benefit=False, quorum=QUORUM if scenario.drop else request.quorum)


@dataclass(frozen=True)
class Measured:
    """One run's global model on the task's held-out rows.

    Parameters
    ----------
    loss, auc, accuracy : of the last round's uncalibrated probabilities; None when the run failed.
    calibrated_loss : of calibrated probabilities, which a model version serves.
    refused, dropped : updates that the checks refused, and that never came, over all rounds.
    error : why the run failed, empty when it did not.
    """

    strategy: str
    scenario: str
    seed: int
    loss: float | None = None
    auc: float | None = None
    accuracy: float | None = None
    calibrated_loss: float | None = None
    refused: int = 0
    dropped: int = 0
    seconds: float = 0.0
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


@dataclass
class _Counting(Silent):
    counts: dict[SiteState, int] = field(default_factory=dict)

    def site_state(self, position: int, round: int, state: SiteState) -> None:
        self.counts[state] = self.counts.get(state, 0) + 1


def study_of(
    task: str, strategies: str, scenario: str, seeds: int, sites: int | None = None, rounds: int | None = None
) -> Study:
    """Return what a person asked for in words, checked.

    Raises
    ------
    fl.request.RequestError, models.registry.UnknownTask
        With one sentence that says what would be right.
    """
    fit = [name for name, info in STRATEGIES.items() if not info.adapters]
    names = fit if strategies == "all" else strategies.split(",")
    names = list(dict.fromkeys(names if BASELINE in names else [BASELINE, *names]))
    if not 2 <= seeds <= LARGEST_SEEDS:
        raise RequestError(f"seeds is {seeds}: give a whole number from 2 to {LARGEST_SEEDS}.")
    try:
        found = scenarios(scenario, get_task(task))
    except ValueError as error:
        raise RequestError(f"{error}.") from None
    study = Study(task, tuple(names), tuple(found), tuple(range(seeds)), sites, rounds)
    for name in names:
        for each in found:
            study.request(name, each, 0).validated()
    return study


def run_study(study: Study, *, stop: Stop, told: Callable[[list[Measured]], None] = lambda _: None) -> list[Measured]:
    """Carry out a study and return what was measured; ``told`` is called after every run with all there is so far.

    Raises
    ------
    fl.watcher.Cancelled
        When ``stop`` was set; what was told before stands.
    """
    found: list[Measured] = []
    for scenario in study.scenarios:
        for seed in study.seeds:
            for strategy in study.strategies:
                found.append(_measured(study, strategy, scenario, seed, stop))
                told(found)
    return found


def _measured(study: Study, strategy: str, scenario: Scenario, seed: int, stop: Stop) -> Measured:
    from fl.federation import federate

    watcher, began = _Counting(), time.monotonic()
    nothing = Measured(strategy, scenario.name, seed)
    try:
        outcome = federate(study.request(strategy, scenario, seed), watcher=watcher, stop=stop)
    except QuorumLost as error:
        return replace(nothing, error=str(error), seconds=time.monotonic() - began)
    last = outcome.rounds[-1]
    if not last.metrics:
        return replace(nothing, error="its logits are not finite", seconds=time.monotonic() - began)
    return replace(
        nothing,
        loss=last.loss,
        auc=last.metrics.get("auc"),
        accuracy=last.metrics.get("accuracy"),
        calibrated_loss=outcome.scores["loss"].value,
        refused=watcher.counts.get("refused", 0),
        dropped=watcher.counts.get("dropped", 0),
        seconds=round(time.monotonic() - began, 3),
    )
