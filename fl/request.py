"""What is asked of a federated run: one data class that pages, command line, database and sites share."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from data.partition import parse_partition
from fl.attacks import OF_NUMBERS, OF_ROWS, parse_attack
from fl.strategies import STRATEGIES
from models.task import Task
from settings import get_settings

EXECUTORS = ("auto", "in-process", "vectorised", "ray", "flower", "deployed")
DP_LEVELS = ("example", "client")
STANDARDISE = ("together", "site")
MEANS = ("fedavg", "fedprox")  # strategies that only average
ON_REPORTED_LOSS = ("qfedavg", "fedcostw", "fedpid")
LONGEST_DEADLINE = 86_400  # seconds
LARGEST = {
    "sites": 10_000,
    "rounds": 10_000,
    "local_epochs": 1_000,
    "steps": 1_000_000,
    "batch_size": 100_000,
    "personal": 1_000,
    "seed": 2**31 - 1,
}

LEAST = {"sites": 0, "rounds": 1, "local_epochs": 1, "steps": 0, "batch_size": 1, "personal": 0, "seed": 0}

DP_TRAINING = {"batch_size": LARGEST["batch_size"], "local_epochs": 2, "learning_rate": 2.0, "dp_clip": 0.3}


class RequestError(ValueError):
    """The request cannot be carried out; the message is one sentence that says what would be right."""


@dataclass(frozen=True)
class RunRequest:
    """One federated training of a task.

    Parameters
    ----------
    task : name of the task.
    sites : number of sites made from public data; 0 for none.
    partition : how public data are divided: ``iid``, ``dirichlet:ALPHA`` or ``natural`` (ignores ``sites`` unless 0).
    datasets : database keys of contributed datasets; those of one site train together.
    strategy, strategy_settings : name in fl.strategies and its parameters; missing ones take their default.
    rounds, local_epochs, batch_size : at least 1.
    steps : the most that a site takes in a round, over all local epochs; 0 for no limit.
    learning_rate : above 0 and at most 10; falls by the task's ``Training.decay`` after every round.
    seed : 0 to 2**31 - 1; the same request with the same seed gives bit-identical weights.
    executor : ``auto``, ``in-process``, ``vectorised``, ``ray``, ``flower``, or ``deployed`` for real sites.
    nodes : numbers of the real sites that take part, in the order of positions; ``deployed`` alone has any, and then
        no ``sites`` and ``datasets``: the rows lie in the sites' own vaults.
    quorum : part of the sites asked, above 0 and at most 1, that must send a usable update in every round.
    fraction : part of the sites, above 0 and at most 1, that is sampled for each round.
    deadline : seconds after which a round goes on without the sites that have not answered; 0 waits for all.
    drop : probability, at least 0 and below 1, with which a site drops out of a round, to try what that does.
    attack : ``KIND:FRACTION`` of fl.attacks, to try what sites that go wrong do to the model; empty for none.
    benefit : whether to train each site alone and all pooled afterwards, for comparison; never in a private run, for
        a site's own model would leave it bare.
    personal : epochs that each site trains the finished model further on its own rows, a fifth of which it then sets
        aside before the run to measure by; 0 for no such thing. Part of ``benefit``.
    standardise : by whose mean and deviation a site standardises its inputs: those of all sites ``together``, or of the
        ``site`` itself, which then keeps them while the rest is averaged (see fl.local.preparation_at).
    dp_epsilon : differential privacy: the most, ε, that a run may tell of one row or one site; 0 for no such limit.
    dp_delta : the chance, δ, above 0 and at most 0.1, with which the limit may fail; keep it below 1 / rows.
    dp_level : ``example`` for rows (each site adds noise to its own training), ``client`` for whole sites (noise on the
        mean update).
    dp_clip : above 0 and at most 1000: the longest that a row's gradient, or a site's update, may be.
    secure_aggregation : whether the server sees only the sum of the updates of a round, none of them.
    secure_threshold : part of the sites that share a site's secrets, above 0.5 and at most 1, whose help takes its
        masks off: more may drop out when it is low, more must conspire when it is high.
    dp_noise : noise as a multiple of ``dp_clip``; 0 computes the least that makes ``rounds`` rounds fit the limit.
    """

    task: str
    sites: int = 10
    partition: str = "iid"
    datasets: tuple[int, ...] = ()
    strategy: str = "fedavg"
    strategy_settings: Mapping[str, float] = field(default_factory=dict)
    rounds: int = 20
    local_epochs: int = 1
    batch_size: int = 32
    steps: int = 0
    learning_rate: float = 1e-3
    seed: int = 0
    executor: str = "auto"
    nodes: tuple[int, ...] = ()
    quorum: float = 0.5
    fraction: float = 1.0
    deadline: float = 0.0
    drop: float = 0.0
    attack: str = ""
    benefit: bool = True
    personal: int = 0
    standardise: str = "together"
    dp_epsilon: float = 0.0
    dp_delta: float = 1e-5
    dp_level: str = "example"
    dp_clip: float = 1.0
    dp_noise: float = 0.0
    secure_aggregation: bool = False
    secure_threshold: float = 2 / 3

    @property
    def private(self) -> bool:
        """Whether what a site sends is hidden, so that nothing may be asked of it that would tell the same."""
        return bool(self.dp_epsilon) or self.secure_aggregation

    @classmethod
    def for_task(cls, task: Task, **overrides: Any) -> "RunRequest":
        """Return a request with the task's own defaults, changed by ``overrides`` (those that are None are ignored)."""
        own = task.training
        given = {name: value for name, value in overrides.items() if value is not None}
        if given.get("dp_epsilon") and given.get("dp_level", cls.dp_level) == "example":
            # plain steps over all rows of a site: of what was tried on calibration rows, the least hurt by noise
            own_steps = ("batch_size", "local_epochs") if task.adapts else ()  # all rows at once would take days
            given = {**{name: value for name, value in DP_TRAINING.items() if name not in own_steps}, **given}
        request = cls(
            task=task.name,
            sites=own.sites,
            partition=own.partition,
            rounds=own.rounds,
            local_epochs=own.local_epochs,
            batch_size=own.batch_size,
            steps=own.steps,
            learning_rate=own.learning_rate,
            strategy=own.strategy,
            benefit=own.benefit,
        )
        return replace(request, **given)

    def validated(self) -> "RunRequest":
        """Return the request with the strategy's defaults filled in.

        Raises
        ------
        RequestError
            With one sentence naming the first thing that is wrong and what would be right.
        """
        task = _known_task(self.task)
        for name, low in LEAST.items():
            _check_integer(name, getattr(self, name), low, LARGEST[name])
        for name, high in (("learning_rate", 10), ("quorum", 1), ("fraction", 1)):
            _check_number(name, getattr(self, name), high)
        _check_number("deadline", self.deadline, LONGEST_DEADLINE, zero=True)
        _check_number("drop", self.drop, 0.99, zero=True)
        if self.executor == "deployed":
            self._check_nodes()
        elif self.nodes:
            raise RequestError(f"nodes are named for executor {self.executor}: real sites take deployed.")
        elif self.sites == 0 and not self.datasets:
            raise RequestError("sites is 0 and datasets is empty: a run needs at least one site.")
        if len(set(self.datasets)) != len(self.datasets):
            raise RequestError("datasets names the same dataset twice: name each once.")
        if self.sites:
            _check_partition(self.partition, task)
        self._check_attack()
        if self.executor not in EXECUTORS:
            raise RequestError(f"executor {self.executor!r} is not known: choose one of {', '.join(EXECUTORS)}.")
        if self.strategy not in STRATEGIES:
            raise RequestError(f"strategy {self.strategy!r} is not known: choose one of {', '.join(STRATEGIES)}.")
        try:
            settings = STRATEGIES[self.strategy].settings(self.strategy_settings)
        except ValueError as error:
            raise RequestError(str(error)) from None
        if task.adapts:
            self._check_adapters(task)
        elif STRATEGIES[self.strategy].adapters:
            raise RequestError(
                f"strategy {self.strategy} joins adapters, which {self.task} has not: choose another one."
            )
        check_noise(self)
        check_secure(self)
        self._check_personal(task)
        self._check_standardise(task)
        return replace(self, strategy_settings=settings, benefit=self.benefit and not self.private)

    def _check_personal(self, task: Task) -> None:
        if not self.personal:
            return
        if self.private or not self.benefit:
            raise RequestError(
                "personal is measured as a part of benefit, which this run leaves out: give personal 0, or benefit "
                "without dp_epsilon and secure_aggregation."
            )
        if task.generates:
            raise RequestError(f"personal is measured by right answers, which {task.name} does not give: give 0.")

    def _check_standardise(self, task: Task) -> None:
        if self.standardise not in STANDARDISE:
            raise RequestError(f"standardise is {self.standardise!r}: choose one of {', '.join(STANDARDISE)}.")
        if self.standardise == "together":
            return
        if not task.standardised:
            raise RequestError(
                f"standardise site is for numbers, and inputs of {task.name} are words that nobody standardises: "
                "choose together."
            )
        if self.dp_epsilon and self.dp_level == "example":
            raise RequestError(
                "standardise site makes each row count in the mean by which all others of its site are standardised, "
                "which no noise covers: choose together, or dp_level client."
            )

    def _check_attack(self) -> None:
        try:
            attack = parse_attack(self.attack)
        except ValueError as error:
            raise RequestError(f"{error}.") from None
        if attack and not self.sites:
            raise RequestError("attack is a trial with demo sites: give sites, or leave it out.")

    def _check_adapters(self, task: Task) -> None:
        """Raise RequestError for what a task with adapters over a base cannot do."""
        if self.executor == "vectorised":
            raise RequestError(f"executor vectorised cannot stack networks of {task.name}: choose auto or ray.")
        if STRATEGIES[self.strategy].adapters and get_settings().lora_trains == "b":
            raise RequestError(
                f"strategy {self.strategy} joins two trained factors, and MEDHIVE_LORA_TRAINS is b, with which the "
                "mean is exact already: choose fedavg, or set it to ab."
            )
        attack = parse_attack(self.attack)
        if attack and attack.kind in (OF_ROWS if task.generates else OF_NUMBERS):
            what = "labels or numbers" if task.generates else "numbers"
            raise RequestError(f"attack {attack.kind} changes {what}, of which {task.name} has none.")

    def _check_nodes(self) -> None:
        if not self.nodes:
            raise RequestError(
                f"no connected site has rows for {self.task}: see them with python -m fl deploy list, or under Sites."
            )
        if self.sites or self.datasets:
            raise RequestError("executor deployed trains on the real sites' own rows: leave out sites and datasets.")

    def to_json(self) -> dict[str, Any]:
        """Return the request as a JSON object."""
        return {
            **asdict(self),
            "datasets": list(self.datasets),
            "nodes": list(self.nodes),
            "strategy_settings": dict(self.strategy_settings),
        }

    @cached_property
    def plan(self) -> str:
        """The request as canonical JSON text: what sites are told, and the key under which they keep their data."""
        return json.dumps(self.to_json(), sort_keys=True)

    @classmethod
    def from_json(cls, document: Mapping[str, Any] | str) -> "RunRequest":
        """Return the request written by ``to_json`` (an object) or ``plan`` (text); not yet validated.

        Raises
        ------
        RequestError
            When it is not an object, lacks the task, or has a field that no request has.
        """
        try:
            values = json.loads(document) if isinstance(document, str) else document
        except json.JSONDecodeError as error:
            raise RequestError(f"the request is not JSON: {error}.") from None
        if not isinstance(values, Mapping) or "task" not in values:
            raise RequestError("the request must be a JSON object with the field task.")
        known = {each.name for each in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise RequestError(f"the request has no field {unknown[0]!r}: the fields are {', '.join(sorted(known))}.")
        lists = {name: tuple(values.get(name, ())) for name in ("datasets", "nodes")}
        return cls(**{**values, **lists})


def check_noise(request: RunRequest) -> None:
    """Raise RequestError when what is asked of differential privacy cannot be."""
    for name, high in (("dp_epsilon", 1000.0), ("dp_noise", 1000.0)):
        _check_number(name, getattr(request, name), high, zero=True)
    for name, high in (("dp_delta", 0.1), ("dp_clip", 1000.0)):
        _check_number(name, getattr(request, name), high)
    if request.dp_level not in DP_LEVELS:
        raise RequestError(f"dp_level is {request.dp_level!r}: choose example (rows) or client (whole sites).")
    if not request.dp_epsilon:
        if request.dp_noise:
            raise RequestError("dp_noise is given without dp_epsilon: give the limit at which the run is to stop.")
        return
    if request.dp_level == "example" and request.executor == "vectorised":
        raise RequestError("executor vectorised trains without noise for each row: choose auto with dp_level example.")
    if STRATEGIES[request.strategy].remembers:
        raise RequestError(
            f"strategy {request.strategy} remembers what each site sent, which no noise covers: choose another one "
            "with dp_epsilon."
        )
    if request.strategy in ON_REPORTED_LOSS:
        raise RequestError(
            f"strategy {request.strategy} rests on the loss that sites report, which no noise would cover: choose "
            "another one with dp_epsilon."
        )
    if request.dp_level == "client" and request.strategy not in MEANS:
        raise RequestError(
            f"strategy {request.strategy} does not only average, so noise on its result would not cover a site: "
            f"choose one of {', '.join(MEANS)} with dp_level client."
        )


def check_secure(request: RunRequest) -> None:
    """Raise RequestError when what is asked of secure aggregation cannot be."""
    if not isinstance(request.secure_aggregation, bool):
        raise RequestError(f"secure_aggregation is {request.secure_aggregation!r}: give true or false.")
    _check_number("secure_threshold", request.secure_threshold, 1)
    if request.secure_threshold <= 0.5:
        raise RequestError("secure_threshold is at most 0.5, so that two halves could each open masks: give more.")
    if not request.secure_aggregation:
        return
    if request.executor not in ("auto", "in-process", "vectorised"):
        raise RequestError(
            f"executor {request.executor} cannot aggregate securely yet, for its sites keep nothing between messages: "
            "choose auto, in-process or vectorised."
        )
    if STRATEGIES[request.strategy].individual:
        fit = ", ".join(name for name, info in STRATEGIES.items() if not info.individual)
        raise RequestError(
            f"strategy {request.strategy} looks at each site's update, which secure aggregation hides: choose one of "
            f"{fit}."
        )


def _known_task(name: str) -> Task:
    from models.registry import UnknownTask, get_task

    try:
        return get_task(name)
    except UnknownTask as error:
        raise RequestError(str(error)) from None


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise RequestError(f"{name} is {value!r}: give a whole number from {low} to {high}.")


def _check_number(name: str, value: object, high: float, *, zero: bool = False) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not (0 < value <= high or (zero and value == 0)):  # type: ignore[operator]
        low = "from 0 to" if zero else "above 0 and at most"
        raise RequestError(f"{name} is {value!r}: give a number {low} {high}.")


def _check_partition(how: str, task: Task) -> None:
    try:
        kind, _ = parse_partition(how)
    except ValueError as error:
        raise RequestError(f"{error}.") from None
    if kind == "natural" and not task.natural_sites:
        raise RequestError(f"task {task.name} has no natural sites: choose iid or dirichlet:ALPHA.")
