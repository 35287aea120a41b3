"""Beats of a recording named by rules, and how far each name can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.signal import Recording
from models.ecg.beats import AAMI
from models.ecg.rules import NOT_SURE, measured, name_beats, shapes_of
from models.ecg.strip import Reading

WORDS = {
    "N": "normal: like the usual beat, and in time",
    "S": "supraventricular: like the usual beat, and early",
    "V": "ventricular: unlike the usual beat, wide, and early, before a pause or very wide",
    NOT_SURE: "not sure: fits no rule",
}
LONG = 60.0  # s from which on a recording is measured as a long one
NEAR = 0.150  # s within which a mark and a beat are the same
_FEW = 10  # marked beats below which a figure says nothing
_LEAST = 0.60  # part found, and part right, that a name needs to be relied on


@dataclass(frozen=True)
class NamedBeat:
    """One beat: the sample of its R peak, its seconds from the start, and N, S, V or "?"."""

    peak: int
    second: float
    letter: str


@dataclass(frozen=True)
class Trust:
    """How many marked beats of a class were found, and how many so named were right, of how many people and beats."""

    letter: str
    sensitivity: float | None
    precision: float | None
    n: int
    people: int
    reliable: bool


def named_beats(recording: Recording, reading: Reading) -> list[NamedBeat]:
    """Return every beat of a reading with its name."""
    shapes = shapes_of(recording.lead(reading.lead), recording.rate, reading.peaks)
    return [
        NamedBeat(peak, peak / recording.rate, letter)
        for peak, letter in zip(reading.peaks.tolist(), name_beats(shapes), strict=True)
    ]


def trust(seconds: float) -> list[Trust]:
    """Return how far N, S and V can be trusted in a recording of so many seconds.

    A short one is held to the strips of twelve people. These have next to no supraventricular beats, so for these the
    strips cut out of longer records of two people stand in.
    """
    sets = measured()["sets"]
    found = []
    for letter in "NSV":
        name = "whole" if seconds >= LONG else "strips"
        if name == "strips" and sets[name]["classes"][letter]["n"] < _FEW:
            name = "pieces"
        of: dict[str, Any] = sets[name]["classes"][letter]
        both = (of["sensitivity"] or 0.0, of["precision"] or 0.0)
        found.append(
            Trust(letter, of["sensitivity"], of["precision"], of["n"], sets[name]["people"], min(both) >= _LEAST)
        )
    return found


def reliability(seconds: float) -> str:
    """Return in a sentence how often the rules are right, on people on whom no limit was chosen."""
    of = measured()["sets"]["whole" if seconds >= LONG else "strips"]
    accuracy, judged = of["accuracy"], of["judged"]
    return (
        f"Held to cardiologists' marks on {of['n']} beats of {of['people']} people of MIT-BIH, each named with limits "
        f"chosen on others: {100 * accuracy['value']:.1f} % right (95 % interval {100 * accuracy['low']:.1f} to "
        f"{100 * accuracy['high']:.1f} %), mean F1 of N, S and V {judged['value']:.2f} ({judged['low']:.2f} to "
        f"{judged['high']:.2f}); not sure of {100 * of['not_sure']:.1f} %. Paced and fusion beats are not told apart."
    )


def agreement(recording: Recording, beats: Sequence[NamedBeat]) -> tuple[int, int]:
    """Return how many of the marks in a file have a beat of the same class within 150 ms, and how many have any."""
    places = np.array([beat.peak for beat in beats], dtype=np.int64)
    same = near = 0
    for at, symbol in zip(recording.peaks.tolist(), recording.symbols, strict=True):
        closest = int(np.abs(places - at).argmin()) if len(places) else -1
        if closest >= 0 and abs(int(places[closest]) - at) <= NEAR * recording.rate:
            near += 1
            same += beats[closest].letter == AAMI.get(symbol, "Q")
    return same, near
