"""Beats named by rules that can be read: how like the person's usual beat each is, how wide, and when it came.

The rules are those that people are taught: a beat like the usual one and in time is normal; like it and early is
supraventricular; unlike it, wide, and early, before a pause or very wide is ventricular. Whatever fits none of these
is "?", not sure. No trained model takes part, and nothing is said of pacemakers or fusion beats.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.table import IntArray
from models.ecg.beats import RATE, resampled

MEASURED = Path(__file__).with_name("measured.json")  # written by python -m benchmarks ecg-strips --keep

Floats = NDArray[np.float64]

NOT_SURE = "?"
_BEFORE, _AFTER = 0.10, 0.20  # s around an R peak: QRS and the beginning of ST
_SHIFTS = 5  # samples by which beats may be moved to lie on each other, 40 ms
_TOGETHER = 60.0  # s that share a usual beat: a minute of a long recording
_FAMILY = 0.90  # correlation from which on two beats are of one family
_MANY = 0.25  # of the largest family: one of that size may be the usual one too, if its beats are narrower
_AROUND = 40  # intervals on each side in which the usual one is the median: a run of early beats must not become it


@dataclass(frozen=True)
class Limits:
    """Where the rules draw their lines; ``python -m benchmarks ecg-strips`` measures them.

    Parameters
    ----------
    like : correlation with the usual beat from which on a beat is like it.
    wide : times the width of the usual beat from which on a beat is wide.
    early : part of the usual interval below which a beat is early; a pause is as much longer.
    irregular : median distance of intervals from the usual one, as part of it, from which on early says nothing.
    very_wide : times the usual width from which on an unlike beat is ventricular whenever it came.
    """

    like: float = 0.90
    wide: float = 1.05
    early: float = 0.90
    irregular: float = 0.20
    very_wide: float = 1.75


@dataclass(frozen=True)
class Shapes:
    """What the rules look at, each (b,) of the beats of a strip.

    Parameters
    ----------
    likeness : correlation with the usual beat.
    width : in times the usual beat's.
    before, after : interval to the beat before and to the one after, in times the usual interval; NaN at the ends.
    unrest : median distance of the intervals around from the usual one, in times the usual interval.
    """

    likeness: Floats
    width: Floats
    before: Floats
    after: Floats
    unrest: Floats


def shapes_of(signal: NDArray[np.float64], rate: float, peaks: IntArray) -> Shapes:
    """Return what the rules look at for the (b,) ``peaks`` of a (n,) signal in mV."""
    slow = _level(resampled(signal, rate))
    at = np.round(peaks * (RATE / rate)).astype(np.int64)
    likeness, width = np.zeros(len(at)), np.ones(len(at))
    for part in _minutes(at):
        likeness[part], width[part] = _beside_usual(slow, at[part])
    before, after, unrest = _intervals(at / RATE)
    return Shapes(likeness, width, before, after, unrest)


def name_beats(shapes: Shapes, limits: Limits = Limits()) -> list[str]:
    """Return N, S, V or "?" for each beat."""
    like = shapes.likeness >= limits.like
    wide = shapes.width >= limits.wide
    regular = shapes.unrest < limits.irregular
    early = shapes.before < limits.early
    pause = shapes.after > 2 - limits.early
    named = np.full(len(like), NOT_SURE, dtype="<U1")
    named[like] = "N"
    named[like & early & regular] = "S"
    named[~like & wide & (early | pause | (shapes.width >= limits.very_wide))] = "V"
    return [str(each) for each in named]


def measured() -> dict[str, Any]:
    """Return how far the rules can be trusted, as ``python -m benchmarks ecg-strips --keep`` found it."""
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found


def _level(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.signal import butter, sosfiltfilt

    found: NDArray[np.float64] = sosfiltfilt(butter(2, (0.7, 30.0), btype="band", fs=RATE, output="sos"), signal)
    return found


def _minutes(at: IntArray) -> list[IntArray]:
    """Return the positions of beats that share a usual beat."""
    if not len(at):
        return []
    pieces = max(1, round((at[-1] - at[0]) / RATE / _TOGETHER))
    bounds = np.linspace(at[0], at[-1] + 1, pieces + 1)
    whose = np.searchsorted(bounds, at, side="right") - 1
    return [np.flatnonzero(whose == piece) for piece in range(pieces) if (whose == piece).any()]


def _beside_usual(slow: NDArray[np.float64], at: IntArray) -> tuple[Floats, Floats]:
    """Return (b,) correlations with the usual beat, and widths in times its width."""
    before, after = round(_BEFORE * RATE), round(_AFTER * RATE)
    padded = np.pad(slow, before + after + 2 * _SHIFTS, mode="edge")
    start = at + after + 2 * _SHIFTS
    steps = np.arange(-_SHIFTS, _SHIFTS + 1)
    cut = padded[start[:, None, None] + steps[None, :, None] + np.arange(before + after)]  # b, shifts, samples
    width = np.array([_width(beat) for beat in cut[:, _SHIFTS]])
    flat = cut - cut.mean(2, keepdims=True)
    flat /= np.linalg.norm(flat, axis=2, keepdims=True) + 1e-9
    alike = np.einsum("isk,jk->ijs", flat, flat[:, _SHIFTS]).max(2)
    alike = np.maximum(alike, alike.T)
    families = (alike >= _FAMILY).sum(1)
    candidates = np.flatnonzero(families >= _MANY * families.max())
    narrow = np.array([np.median(width[alike[one] >= _FAMILY]) for one in candidates])
    candidates = candidates[narrow <= narrow.min() * 1.1]
    chosen = candidates[families[candidates].argmax()]
    members = np.flatnonzero(alike[chosen] >= _FAMILY)
    usual = np.median(flat[members, _SHIFTS], axis=0)
    usual -= usual.mean()
    usual /= np.linalg.norm(usual) + 1e-9
    return (flat @ usual).max(1), width / np.median(width[members])


def _width(beat: NDArray[np.float64]) -> float:
    """Return the width of a (samples,) beat: its area as part of its height, beside a straight base line."""
    level = np.abs(beat - np.linspace(beat[0], beat[-1], len(beat)))
    return float(level.sum() / (level.max() + 1e-9))


def _intervals(seconds: NDArray[np.float64]) -> tuple[Floats, Floats, Floats]:
    b = len(seconds)
    before, after, unrest = np.full(b, np.nan), np.full(b, np.nan), np.zeros(b)
    steps = np.diff(seconds)
    for number in range(b):
        low, high = max(0, number - _AROUND - 1), number + _AROUND
        around = steps[low:high]
        if not len(around):
            continue
        usual = float(np.median(around))
        if number:
            before[number] = steps[number - 1] / usual
        if number < b - 1:
            after[number] = steps[number] / usual
        # one early beat makes two intervals odd; an irregular rhythm makes most
        unrest[number] = float(np.median(np.abs(around - usual))) / usual
    return before, after, unrest
