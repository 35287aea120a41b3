"""R peaks: where the beats of an ECG are.

A band-pass of 5 to 25 Hz, the squared slope over 100 ms, a threshold at a fifth of what it reaches in strong beats, and
250 ms of dead time (after Pan and Tompkins 1985, doi 10.1109/TBME.1985.325532, without its adaptive thresholds).
"""

import numpy as np
from numpy.typing import NDArray

from data.table import IntArray

BAND = (5.0, 25.0)  # Hz
_WINDOW = 0.100  # s, over which the squared slope is averaged
_THRESHOLD = 0.2  # of the 97th percentile
_STRETCH = 30.0  # s that share a threshold, so that one loud minute does not hide the quiet ones
_DEAD = 0.250  # s in which the heart cannot beat again
_NEAR = 0.080  # s around a candidate in which its peak is looked for


def filtered(signal: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Return the (n,) signal in the band of QRS complexes, without shift in time."""
    from scipy.signal import butter, sosfiltfilt

    high = min(BAND[1], 0.45 * rate)
    sections = butter(1, (BAND[0], high), btype="band", fs=rate, output="sos")
    found: NDArray[np.float64] = sosfiltfilt(sections, signal)
    return found


def r_peaks(signal: NDArray[np.float64], rate: float) -> IntArray:
    """Return the ascending positions of R peaks in the (n,) ``signal``, ``rate`` samples a second; none if flat."""
    if len(signal) < 2 * rate or np.ptp(signal) < 0.02:  # mV; less is noise of the device
        return np.zeros(0, dtype=np.int64)
    band = filtered(signal - np.median(signal), rate)
    slope = np.gradient(band) ** 2
    size = max(1, round(_WINDOW * rate))
    energy = np.convolve(slope, np.full(size, 1 / size), mode="same")
    limit = _limits(energy, round(_STRETCH * rate))
    above = (
        np.flatnonzero((energy[1:-1] >= energy[:-2]) & (energy[1:-1] > energy[2:]) & (energy[1:-1] > limit[1:-1])) + 1
    )
    kept: list[int] = []
    for at in above[np.argsort(-energy[above], kind="stable")].tolist():  # the strongest first
        if all(abs(at - other) >= _DEAD * rate for other in kept):
            kept.append(at)
    reach = max(1, round(_NEAR * rate))
    found = set()
    for at in kept:
        start = max(0, at - reach)
        found.add(start + int(np.argmax(np.abs(band[start : at + reach + 1]))))
    return np.array(sorted(found), dtype=np.int64)


def _limits(energy: NDArray[np.float64], stretch: int) -> NDArray[np.float64]:
    """Return the (n,) threshold, one for each stretch."""
    limit = np.empty_like(energy)
    pieces = max(1, round(len(energy) / stretch))
    for part in np.array_split(np.arange(len(energy)), pieces):
        limit[part] = _THRESHOLD * np.percentile(energy[part], 97)
    return limit
