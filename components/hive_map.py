"""The hive: one hexagon a site around the coordinator, lighting up as updates arrive.

Up to 18 sites have their name and records in the cell; up to 60 the cells shrink and keep a short name; beyond that
a cell stands for a group of sites and shows how many. A state is told by border, filling and sign, never by colour
alone. The drawing itself is in hive_map.js and hive_map.css; places are computed here.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import streamlit as st

CellState = Literal["waiting", "computing", "answered", "dropped", "refused"]

NAMED = 18  # two rings around the coordinator
SINGLE = 60  # four rings
_LINE = 12  # characters that fit a cell's width
_STATES: tuple[CellState, ...] = ("answered", "computing", "waiting", "dropped", "refused")
_WORDS = {
    "answered": "answered",
    "computing": "computing",
    "waiting": "waiting",
    "dropped": "not answered",
    "refused": "refused",
}


@dataclass(frozen=True)
class HiveCell:
    """A site on the map. ``state`` is one of waiting, computing, answered, dropped, refused."""

    name: str
    detail: str
    state: str = "waiting"


@dataclass(frozen=True)
class Place:
    """A drawn hexagon: its centre in units of its radius, what is written in it, and who it stands for."""

    x: float
    y: float
    lines: tuple[str, ...]
    detail: str
    state: str
    title: str
    share: float = 1.0  # part of the group that answered


def places(count: int) -> list[tuple[float, float]]:
    """Return the centres of ``count`` hexagons of radius 1 around the coordinator at (0, 0), as lines are read.

    Six or fewer spread around it. More fill the nearest places in pairs left and right, so that the hive stays
    balanced, and grows wider rather than higher.
    """
    first = _ring(1)
    if count <= len(first):
        step = len(first) / max(count, 1)
        found = [first[math.floor((i + 0.5) * step)] for i in range(count)]
    else:
        rings = math.ceil((math.sqrt(12 * count + 9) - 3) / 6) + 1  # one more than needed, for the pairs
        free = sorted((place for ring in range(1, rings + 1) for place in _ring(ring)), key=_distance)
        found = []
        for x, y in free:
            pair = {(x, y), (-x, y)}
            if (x, y) not in found and len(pair) <= count - len(found):
                found += sorted(pair)
            if count - len(found) == 1:
                touching = [a for a in free if a not in found and any(math.dist(a, b) < 1.8 for b in found)]
                found.append(min(touching, key=lambda place: (place[0] != 0, _distance(place))))
    return sorted(found, key=lambda place: (place[1], place[0]))


def _distance(place: tuple[float, float]) -> tuple[float, float]:
    return round(0.75 * place[0] ** 2 + place[1] ** 2, 6), place[1]


def _ring(ring: int) -> list[tuple[float, float]]:
    """Return the 6 · ring centres of a ring, clockwise from the upper right, pointed hexagons."""
    steps = [(0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1), (1, 0)]
    q, r = ring, -ring
    found = []
    for dq, dr in steps:
        for _ in range(ring):
            found.append((round(math.sqrt(3) * (q + r / 2), 6), 1.5 * r))
            q, r = q + dq, r + dr
    return found


def arrange(sites: Sequence[HiveCell]) -> list[Place]:
    """Place the sites, in groups beyond ``SINGLE``."""
    groups = _groups(sites)
    named = len(sites) <= NAMED
    return [
        _single(x, y, group[0], named) if len(group) == 1 and len(sites) <= SINGLE else _group(x, y, group)
        for (x, y), group in zip(places(len(groups)), groups, strict=True)
    ]


def _groups(sites: Sequence[HiveCell]) -> list[Sequence[HiveCell]]:
    cells = min(len(sites), SINGLE)
    edges = [round(i * len(sites) / cells) for i in range(cells + 1)] if cells else []
    return [sites[a:b] for a, b in pairwise(edges)]


def _single(x: float, y: float, site: HiveCell, named: bool) -> Place:
    title = f"{site.name}: {site.detail}, {_WORDS.get(site.state, site.state)}"
    lines = _wrap(site.name) if named else (_short(site.name),)
    share = 1.0 if site.state == "answered" else 0.0
    return Place(x, y, lines, site.detail if named else "", site.state, title, share)


def _group(x: float, y: float, group: Sequence[HiveCell]) -> Place:
    counts = Counter(site.state for site in group)
    worst: str = next(
        (state for state in ("refused", "dropped", "computing") if counts[state]),
        "answered" if counts["answered"] else "waiting",
    )
    said = ", ".join(f"{counts[state]} {_WORDS[state]}" for state in _STATES if counts[state])
    title = f"{group[0].name} to {group[-1].name}: {said}"
    return Place(x, y, (str(len(group)),), "", worst, title, counts["answered"] / len(group))


def _wrap(name: str) -> tuple[str, ...]:
    """Break a name into at most two lines that fit a cell."""
    if len(name) <= _LINE:
        return (name,)
    first, rest = name[:_LINE], name[_LINE:]
    if " " in name[: _LINE + 1]:
        cut = name[: _LINE + 1].rindex(" ")
        first, rest = name[:cut], name[cut + 1 :]
    return first, rest if len(rest) <= _LINE else rest[: _LINE - 1] + "…"


def _short(name: str) -> str:
    """Return what tells a site from its neighbours in three characters: "F" for Site F."""
    return name.removeprefix("Site ")[:3]


def counts_in_words(sites: Sequence[HiveCell]) -> str:
    """Return "6 answered, 2 computing, 2 waiting"; empty without sites."""
    counts = Counter(site.state for site in sites)
    return ", ".join(f"{counts[state]} {_WORDS[state]}" for state in _STATES if counts[state])


@lru_cache
def _source(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def hive_map(sites: Sequence[HiveCell], *, round: int, rounds: int, caption: str, key: str) -> None:
    """Draw the hive.

    Parameters
    ----------
    sites : the sites in their order; empty draws the coordinator alone.
    round, rounds : what stands in the middle; rounds 0 draws the mark instead of numbers.
    caption : the sentence below, which a screen reader hears too.
    key : tells this map from others on the page; the same key lets cells change instead of being drawn anew.
    """
    counts = Counter(site.state for site in sites)
    data: dict[str, Any] = {
        "cells": [asdict(place) for place in arrange(sites)],
        "size": "named" if len(sites) <= NAMED else "single" if len(sites) <= SINGLE else "group",
        "round": round,
        "rounds": rounds,
        "caption": caption,
        "label": f"Map of {len(sites)} sites. {caption} {counts_in_words(sites)}".strip(),
        "legend": [[state, _WORDS[state], counts[state]] for state in _STATES if counts[state]],
        "group": math.ceil(len(sites) / SINGLE),
    }
    component = st.components.v2.component(
        "medhive_map", html='<figure class="hive"></figure>', css=_source("hive_map.css"), js=_source("hive_map.js")
    )
    component(data=data, key=key)
