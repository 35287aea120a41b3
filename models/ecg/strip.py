"""A strip read: beats, rate and rhythm, by measuring; no trained model takes part.

Names of findings are those of the companion's knowledge graph (rag/knowledge/ecg_findings.toml).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.signal import Recording
from data.table import IntArray
from models.ecg.peaks import filtered, r_peaks

SLOW, FAST = 60.0, 100.0  # beats a minute: the usual limits of sinus rhythm at rest
EARLY, LATE = 0.80, 1.50  # of the usual interval: a beat comes early, or after a pause
_IRREGULAR = 0.10  # of the mean RR interval, as standard deviation
_STRETCH = 10.0  # s, of a line of the rhythm table
_ALIKE = 0.6  # median correlation of beats with their median beat
_QUIET = 0.33  # level between beats, as part of that at the peaks
_RATES = (20.0, 300.0)  # beats a minute that a heart can do

Timing = str  # "in time", "early" or "after a pause"


class UnreadableSignal(ValueError):
    """No heart beats can be made out; the message is one sentence."""


@dataclass(frozen=True)
class Stretch:
    """A part of the strip: from, to (s), beats a minute, and the rhythm in words."""

    start: float
    end: float
    rate: float
    rhythm: str


@dataclass(frozen=True)
class Reading:
    """What a strip shows.

    Parameters
    ----------
    lead : position of the lead that was read.
    peaks : (b,) sample positions of R peaks.
    timing : (b,) of each beat.
    rate, slowest, fastest : beats a minute, mean and ends over single intervals.
    variation : standard deviation of the RR intervals, in ms.
    rhythm : a line for each ten seconds.
    findings : names in the knowledge graph of what this may be; timing alone cannot tell where beats come from.
    """

    lead: int
    peaks: IntArray
    timing: tuple[Timing, ...]
    rate: float
    slowest: float
    fastest: float
    variation: float
    rhythm: tuple[Stretch, ...]
    findings: tuple[str, ...]


def read_strip(recording: Recording, lead: int | None = None) -> Reading:
    """Return what a recording shows in one lead, the best one to read by default.

    Raises
    ------
    UnreadableSignal
        For a flat line, for noise, and where beats come as no heart beats.
    """
    position = recording.best_lead if lead is None else lead
    signal = recording.lead(position)
    name = recording.leads[position]
    if np.ptp(signal) < 0.05:
        raise UnreadableSignal(f"Lead {name} is a flat line: an electrode may be off.")
    peaks = r_peaks(signal, recording.rate)
    if len(peaks) < 3:
        raise UnreadableSignal(f"No three heart beats can be made out in lead {name}.")
    steps = np.diff(peaks) / recording.rate
    rate = 60.0 / float(steps.mean())
    if not _RATES[0] <= rate <= _RATES[1] or not _heart_like(signal, recording.rate, peaks):
        raise UnreadableSignal(f"Lead {name} shows no heart beats that are like each other: it may be noise.")
    timing = _timing(steps)
    rhythm = _rhythm(peaks / recording.rate, steps, recording.seconds)
    return Reading(
        position,
        peaks,
        timing,
        rate,
        60.0 / float(steps.max()),
        60.0 / float(steps.min()),
        1000.0 * float(steps.std()),
        rhythm,
        _findings(rate, timing),
    )


def _heart_like(signal: NDArray[np.float64], rate: float, peaks: IntArray) -> bool:
    """Whether beats are like each other within 0.3 s of their peaks, and the line lies quiet between them.

    Noise fails the first, hum and waves the second; all shared strips pass both by far (0.82 and 0.26 at worst).
    """
    from scipy.signal import butter, sosfiltfilt

    band = filtered(signal, rate)
    wide = sosfiltfilt(butter(2, (1.0, min(40.0, 0.45 * rate)), btype="band", fs=rate, output="sos"), signal)
    reach, near = round(0.3 * rate), round(0.07 * rate)
    inside = [at for at in peaks.tolist() if reach <= at < len(wide) - reach][:200]
    if len(inside) < 2:
        return False
    beats = np.stack([wide[at - reach : at + reach] for at in inside])
    mean = np.median(beats, axis=0)
    alike = float(np.median([np.corrcoef(beat, mean)[0, 1] for beat in beats]))
    between = np.ones(len(wide), dtype=np.bool_)
    for at in peaks.tolist():
        between[max(0, at - near) : at + near + 1] = False
    quiet = float(np.median(np.abs(wide[between])) / np.median(np.abs(band[peaks]))) if between.any() else 1.0
    return alike >= _ALIKE and quiet <= _QUIET


def _timing(steps: NDArray[np.float64]) -> tuple[Timing, ...]:
    found = ["in time"]
    for number, step in enumerate(steps):
        around = steps[max(0, number - 4) : number + 5]
        usual = float(np.median(around))
        found.append("early" if step < EARLY * usual else "after a pause" if step > LATE * usual else "in time")
    return tuple(found)


def _rhythm(times: NDArray[np.float64], steps: NDArray[np.float64], seconds: float) -> tuple[Stretch, ...]:
    made = []
    for part in range(max(1, round(seconds / _STRETCH))):
        start, end = part * _STRETCH, min(seconds, (part + 1) * _STRETCH)
        inside = steps[(times[1:] > start) & (times[:-1] < end)]
        if len(inside) >= 2:
            made.append(Stretch(start, end, 60.0 / float(inside.mean()), _words(inside)))
        else:
            made.append(Stretch(start, end, float("nan"), "too few beats to tell"))
    return tuple(made)


def _words(steps: NDArray[np.float64]) -> str:
    rate = 60.0 / float(steps.mean())
    pace = "slow" if rate < SLOW else "fast" if rate > FAST else "of usual rate"
    regular = "regular" if steps.std() <= _IRREGULAR * steps.mean() else "irregular"
    pause = f", a pause of {steps.max():.1f} s" if steps.max() > 2 else ""
    return f"{regular}, {pace}{pause}"


def _findings(rate: float, timing: tuple[Timing, ...]) -> tuple[str, ...]:
    found = []
    if rate < SLOW:
        found.append("sinus bradycardia")
    elif rate > FAST:
        found.append("sinus tachycardia")
    if "early" in timing:
        found.append("ectopic beats")
    return tuple(found)
