"""Beats cut out of a recording, in the form the beat classifier was trained on.

After Kachuee, Fazeli and Sarrafzadeh 2018, https://arxiv.org/abs/1805.00794: at 125 Hz, from the R peak over 1.2 times
the median RR interval of its ten seconds, scaled to 0 to 1, padded with zeros to 187 samples.
"""

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray, IntArray

RATE = 125.0
LENGTH = 187
_WINDOW = 10.0  # s
_REACH = 1.2  # of the median RR interval

# PhysioBank's beat codes in the five classes of AAMI EC57
AAMI = {
    **dict.fromkeys("NLRej", "N"),
    **dict.fromkeys("AaJSn", "S"),
    **dict.fromkeys("VEr", "V"),
    "F": "F",
    **dict.fromkeys("/fQ?", "Q"),
}
CLASSES = ("N", "S", "V", "F", "Q")


def resampled(signal: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Return the (m,) signal at 125 Hz."""
    from fractions import Fraction

    from scipy.signal import resample_poly

    ratio = Fraction(RATE / rate).limit_denominator(1000)
    if ratio == 1:
        return signal
    centre = float(np.median(signal))
    found: NDArray[np.float64] = resample_poly(signal - centre, ratio.numerator, ratio.denominator) + centre
    return found


def cut_beats(signal: NDArray[np.float64], rate: float, peaks: IntArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return (b, 187) beats for the (b,) ``peaks`` of a (n,) signal, and which of them are whole.

    A beat is not whole when the recording ends before it does, or when nothing of it varies.
    """
    slow = resampled(signal, rate)
    at = np.round(peaks * (RATE / rate)).astype(np.int64)
    beats, whole = np.zeros((len(peaks), LENGTH), dtype=np.float32), np.zeros(len(peaks), dtype=np.bool_)
    for number, start in enumerate(at):
        around = at[np.abs(at - start) <= _WINDOW * RATE / 2]
        steps = np.diff(around)
        if not len(steps):
            continue
        size = min(LENGTH, round(_REACH * float(np.median(steps))))
        piece = slow[start : start + size]
        spread = float(np.ptp(piece)) if len(piece) == size else 0.0
        if size < 20 or spread < 1e-3:
            continue
        beats[number, :size] = (piece - piece.min()) / spread
        whole[number] = True
    return beats, whole


def beside_usual(beats: FloatArray) -> NDArray[np.uint8]:
    """Return (b, 374) bytes for (b, 187) beats, 0 to 1, of one recording: each beat, and the median of all.

    What is unusual differs from person to person: a heart whose every beat is wide has no ventricular one for that.
    """
    usual = np.median(beats, axis=0) if len(beats) else np.zeros(LENGTH)
    both = np.concatenate([beats, np.broadcast_to(usual, beats.shape)], axis=1)
    kept: NDArray[np.uint8] = np.rint(both * 255).astype(np.uint8)
    return kept
