"""The table that the checklist weighs: conditions, symptoms, and how often the one comes with the other.

It is written by hand from the public pages that it names, in three steps of frequency, and rough on purpose.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

from rag.article import Link

FOLDER = Path(__file__).parent
OFTEN = {"usual": 0.8, "often": 0.5, "sometimes": 0.2}  # share of people with the condition who have the symptom
_ELSE = 0.02  # of people whose condition has nothing to do with it
_RARE = 0.15  # how likely a rare condition is beside a common one, before anything is known
Soon = Literal["emergency", "today", "appointment", "self-care"]
SOON: tuple[Soon, ...] = get_args(Soon)  # the most urgent first


@dataclass(frozen=True)
class Symptom:
    """One thing to ask for; ``base`` is how often somebody without a condition that causes it says yes."""

    name: str
    ask: str
    words: tuple[str, ...]
    base: float

    @property
    def title(self) -> str:
        """The symptom without the question mark, as it stands in a list."""
        return self.ask.rstrip("?")


@dataclass(frozen=True)
class Condition:
    """One possibility. ``label`` is its class in the model, ``topic`` its article; either may be empty."""

    name: str
    label: str
    topic: str
    soon: Soon
    care: str
    source: Link
    prior: float
    chances: Mapping[str, float]  # by symptom

    def chance(self, symptom: Symptom) -> float:
        """Return how likely somebody with this condition has ``symptom``."""
        return max(self.chances.get(symptom.name, 0.0), symptom.base)


class TableError(ValueError):
    """The table is wrong; the message says where."""


@dataclass(frozen=True)
class Table:
    """All symptoms and conditions by name."""

    symptoms: Mapping[str, Symptom]
    conditions: Mapping[str, Condition]


@lru_cache(maxsize=1)
def table() -> Table:
    """Read and check the table; once a process.

    Raises
    ------
    TableError
        When a condition names a symptom that is not there, or lacks something.
    """
    symptoms = {
        name: Symptom(name, entry["ask"], tuple(entry["words"]), float(entry.get("base", _ELSE)))
        for name, entry in _read("symptoms.toml").items()
    }
    conditions: dict[str, Condition] = {}
    for name, entry in _read("conditions.toml").items():
        chances: dict[str, float] = {}
        for step, chance in OFTEN.items():
            for symptom in entry.get(step, ()):
                if symptom not in symptoms or symptom in chances:
                    raise TableError(f"conditions.toml, {name!r}: {symptom!r} is unknown or stands there twice.")
                chances[symptom] = chance
        if entry.get("soon") not in SOON or not chances or not entry.get("care") or not entry.get("source"):
            raise TableError(f"conditions.toml, {name!r}: needs symptoms, soon, care and source.")
        conditions[name] = Condition(
            name,
            entry.get("label", ""),
            entry.get("topic", ""),
            cast(Soon, entry["soon"]),
            entry["care"],
            Link(f"MedlinePlus: {name}", entry["source"]),
            _RARE if entry.get("rare") else 1.0,
            chances,
        )
    return Table(symptoms, conditions)


def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
