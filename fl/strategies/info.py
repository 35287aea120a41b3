"""What is said of a strategy before it runs: its name, its paper, its parameters and how to make it.

Making one imports Flower, so a page that only lists strategies stays light.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAvg

    Make = Callable[[Mapping[str, float]], FedAvg]

# How Flower's strategies are made here: every site is asked, and evaluation is the server's own affair (fl.evaluation).
EVERYBODY: dict[str, Any] = {
    "fraction_train": 1.0,
    "fraction_evaluate": 0.0,
    "min_train_nodes": 1,
    "min_available_nodes": 1,
}


@dataclass(frozen=True)
class Parameter:
    """A number that a strategy takes.

    Parameters
    ----------
    name, title : in requests, and in words.
    default, low, high : both ends allowed.
    help : what it does and which values are usual.
    whole : whether only whole numbers are allowed.
    """

    name: str
    title: str
    default: float
    low: float
    high: float
    help: str
    whole: bool = False


@dataclass(frozen=True)
class StrategyInfo:
    """A strategy that can be asked for.

    Parameters
    ----------
    name, title : in requests, and in words.
    summary : one sentence for whoever chooses.
    paper : address of the paper.
    parameters : what it takes.
    make : settings → strategy of Flower, of any class derived from FedAvg.
    individual : whether it looks at single updates, and so needs a server that sees them.
    adapters : whether it joins adapters of language tasks and nothing else.
    remembers : whether it keeps something of each site from round to round.
    """

    name: str
    title: str
    summary: str
    paper: str
    parameters: tuple[Parameter, ...]
    make: "Make"
    individual: bool = False
    adapters: bool = False
    remembers: bool = False

    def settings(self, given: Mapping[str, float]) -> dict[str, float]:
        """Return ``given`` with defaults for what is missing; ValueError with a sentence for what is unknown or off."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name, value in given.items():
            if name not in known:
                takes = ", ".join(known) or "none"
                raise ValueError(f"strategy {self.name} has no parameter {name!r}: it takes {takes}.")
            low, high = known[name].low, known[name].high
            number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if not number or not low <= value <= high:
                raise ValueError(f"{name} of strategy {self.name} is {value!r}: give a number from {low} to {high}.")
            if known[name].whole and value != int(value):
                raise ValueError(f"{name} of strategy {self.name} is {value!r}: give a whole number.")
        return {name: float(given.get(name, parameter.default)) for name, parameter in known.items()}
