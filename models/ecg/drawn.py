"""Drawn ECGs, for demonstration: nobody's heart is behind them."""

import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from data.signal import Recording
from models.ecg.marked import DRAWN

RATE = 250.0
_SYMBOLS = ("N", "A", "V", "F", "/")  # of the classes
_WAVES = {  # s after the R peak, mV, width in s
    "N": ((-0.16, 0.12, 0.025), (-0.03, -0.1, 0.01), (0.0, 1.1, 0.012), (0.03, -0.25, 0.012), (0.25, 0.3, 0.05)),
    "A": ((-0.11, 0.06, 0.02), (0.0, 1.0, 0.012), (0.03, -0.25, 0.012), (0.22, 0.25, 0.05)),
    "V": ((0.0, 1.6, 0.045), (0.11, -0.6, 0.05), (0.28, -0.35, 0.07)),
    "F": ((0.0, 1.3, 0.028), (0.08, -0.4, 0.035), (0.27, 0.05, 0.06)),
    "/": ((-0.05, 0.7, 0.003), (0.0, -0.9, 0.03), (0.25, 0.5, 0.06)),
}


def draw_recording(beats: int, seed: int, *, name: str = f"{DRAWN}-1") -> Recording:
    """Return a recording with about ``beats`` marked beats of all five classes, most of them normal."""
    random = np.random.default_rng(seed)
    kinds = random.choice(5, beats, p=(0.6, 0.1, 0.15, 0.05, 0.1))
    times, now = [], 1.0
    for kind in kinds:
        now += random.normal(0.8, 0.03) * (0.7 if kind in (1, 2) else 1.0)
        times.append(now)
    at = np.arange(round((now + 2.0) * RATE)) / RATE
    line = 0.05 * np.sin(2 * np.pi * 0.25 * at + random.uniform(0, 6)) + random.normal(0, 0.015, len(at))
    for kind, time in zip(kinds, times, strict=True):
        for after, height, width in _WAVES[_SYMBOLS[kind]]:
            high = height * random.normal(1, 0.05)
            line += high * np.exp(-(((at - time - after) / width) ** 2) / 2)
    peaks = np.rint(np.array(times) * RATE).astype(np.int64)
    symbols = tuple(_SYMBOLS[kind] for kind in kinds)
    return Recording(name, line.astype(np.float32)[:, None], RATE, ("II",), peaks, symbols)


def to_wfdb(recording: Recording) -> bytes:
    """Return a recording as a ZIP with its .hea, .dat and .atr files."""
    import wfdb

    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        wfdb.wrsamp(
            recording.name,
            fs=recording.rate,
            units=["mV"] * len(recording.leads),
            sig_name=list(recording.leads),
            p_signal=recording.samples.astype(np.float64),
            fmt=["16"] * len(recording.leads),
            write_dir=folder,
        )
        wfdb.wrann(
            recording.name, "atr", recording.peaks, symbol=list(recording.symbols), fs=recording.rate, write_dir=folder
        )
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(folder).iterdir()):
                archive.writestr(path.name, path.read_bytes())
    return out.getvalue()
