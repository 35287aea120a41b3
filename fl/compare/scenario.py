"""Scenarios: how the demo sites are divided, and what goes wrong there, in one word.

``iid``, ``dirichlet:0.1``, ``skew:50`` and ``natural`` divide the rows; ``drop:0.5`` lets half of the sites drop out of
every round; a kind of fl.attacks with the part of the sites, such as ``sign_flip:0.3``, lets sites go wrong. Parts are
joined by ``+``: ``dirichlet:0.3+label_flip:0.2``.
"""

from dataclasses import dataclass

from data.partition import parse_partition
from fl.attacks import KINDS, parse_attack
from models.task import Task

CLEAN = ("iid", "dirichlet:0.1", "dirichlet:0.3", "skew:50")
ATTACKS = ("sign_flip", "label_flip", "gaussian", "scaled", "colluding")
CORRUPTED = (
    "label_noise:0.3",
    *(f"{kind}:{part}" for kind in ATTACKS for part in (0.2, 0.3)),
    "adaptive:0.3",
    "units:0.1",
    "inverted:0.1",
)
DROPPING = "drop:0.5"
QUORUM = 0.1  # where sites drop out: a round counts with the few that answer
SETS = ("all", "clean", "corrupted")


@dataclass(frozen=True)
class Scenario:
    """What a request takes over from a scenario."""

    name: str
    partition: str = "iid"
    attack: str = ""
    drop: float = 0.0

    @property
    def corrupted(self) -> bool:
        """Whether sites go wrong in it; sites that only drop out or differ do not."""
        return bool(self.attack)


def parse_scenario(text: str) -> Scenario:
    """Return a scenario.

    Raises
    ------
    ValueError
        With one sentence that says what would be right.
    """
    found: dict[str, str | float] = {}
    for part in text.split("+"):
        kind, _, number = part.partition(":")
        if kind == "drop":
            found["drop"] = _chance(number)
        elif kind in KINDS:
            parse_attack(part)
            found["attack"] = part
        elif kind in ("iid", "dirichlet", "skew", "natural"):
            parse_partition(part)
            found["partition"] = part
        else:
            raise ValueError(
                f'unknown scenario "{text}": write iid, dirichlet:ALPHA, skew:RATIO, natural, drop:PART or '
                f"KIND:PART with a kind among {', '.join(KINDS)}; join several by +; or {', '.join(SETS)}"
            )
    return Scenario(text, **found)  # type: ignore[arg-type]


def scenarios(text: str, task: Task) -> list[Scenario]:
    """Return the scenarios that a text with commas names; ``all``, ``clean`` and ``corrupted`` stand for many.

    Raises
    ------
    ValueError
        With one sentence that says what would be right.
    """
    clean = [*CLEAN, *(["natural"] if task.natural_sites else []), DROPPING]
    sets = {"all": [*clean, *CORRUPTED], "clean": clean, "corrupted": list(CORRUPTED)}
    names = [name for each in text.split(",") for name in sets.get(each, [each])]
    return [parse_scenario(name) for name in dict.fromkeys(names)]


def _chance(text: str) -> float:
    try:
        chance = float(text)
    except ValueError:
        chance = float("nan")
    if not 0 < chance < 1:
        raise ValueError(f'"{text}" is no part of the sites: give a number above 0 and below 1, as in drop:0.5')
    return chance
