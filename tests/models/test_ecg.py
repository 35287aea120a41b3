"""R peaks, rates and beats of real strips are those that cardiologists marked; what is no ECG gets no answer."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from data.intake.signal import read_signals
from data.signal import Recording
from models.ecg.beats import AAMI, CLASSES, cut_beats
from models.ecg.peaks import r_peaks
from models.ecg.strip import UnreadableSignal, read_strip


def packed(folder: Path, *stems: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in sorted(folder.iterdir()):
            if path.suffix in (".hea", ".dat", ".atr") and (not stems or path.stem in stems):
                archive.writestr(path.name, path.read_bytes())
    return made.getvalue()


@pytest.fixture(scope="module")
def strips() -> list[Recording]:
    from tests.conftest import SHARED_DATASETS

    folder = SHARED_DATASETS / "ecg_strips_mitbih"
    if not folder.is_dir():
        pytest.skip(f"needs the public data sets in {SHARED_DATASETS}")
    return read_signals("strips.zip", packed(folder))


def f1(strips: list[Recording], within: float) -> float:
    hits = found = true = 0
    for strip in strips:
        peaks = r_peaks(strip.lead(), strip.rate).tolist()
        found, true = found + len(peaks), true + len(strip.peaks)
        for mark in strip.peaks:
            near = [peak for peak in peaks if abs(peak - mark) <= within * strip.rate]
            if near:
                hits += 1
                peaks.remove(min(near, key=lambda peak: abs(peak - mark)))
    return 2 * hits / (found + true)


@pytest.mark.parametrize(("within", "least"), [(0.150, 0.99), (0.050, 0.95)])
def test_r_peaks_are_where_cardiologists_marked_them(strips: list[Recording], within: float, least: float) -> None:
    assert len(strips) == 24
    assert f1(strips, within) >= least


def test_the_mean_error_of_the_heart_rate_is_at_most_one_beat(strips: list[Recording], datasets: Path) -> None:
    told = json.loads((datasets / "ecg_strips_mitbih" / "index.json").read_text())
    true = {each["record"]: each["mean_hr_bpm"] for each in told}
    errors = [abs(read_strip(strip).rate - true[strip.name]) for strip in strips]
    assert np.mean(errors) <= 1.0


def test_no_real_strip_is_refused(strips: list[Recording]) -> None:
    for strip in strips:
        reading = read_strip(strip)
        assert len(reading.timing) == len(reading.peaks) and reading.rhythm


def test_flat_lines_noise_hum_and_waves_are_refused() -> None:
    random, t = np.random.default_rng(0), np.arange(3600) / 360
    accepted = 0
    for number in range(60):
        signal = (
            random.normal(size=3600) * 0.3,
            np.zeros(3600),
            np.sin(2 * np.pi * t * random.uniform(0.2, 50)),
            np.cumsum(random.normal(size=3600)) * 0.05,
            np.sin(2 * np.pi * t * 50) + 0.5 * random.normal(size=3600),
            np.sign(np.sin(2 * np.pi * t * random.uniform(0.5, 8))) + 0.05 * random.normal(size=3600),
        )[number % 6]
        try:
            read_strip(Recording("x", signal[:, None].astype(np.float32), 360, ("II",)))
            accepted += 1
        except UnreadableSignal as error:
            assert str(error).endswith(".")
    assert accepted <= 3


def test_a_beat_that_comes_early_and_a_pause_are_named() -> None:
    strip = Recording("x", _pulses([1.0, 1.0, 1.0, 0.55, 2.2, 1.0, 1.0, 1.0, 1.0]), 360, ("II",))
    reading = read_strip(strip)
    assert reading.timing.count("early") == 1 and reading.timing.count("after a pause") == 1
    assert "ectopic beats" in reading.findings and "pause of 2.2 s" in reading.rhythm[0].rhythm


def _pulses(steps: list[float]) -> np.ndarray:
    times = 0.6 + np.cumsum([0.0, *steps])
    t = np.arange(int((times[-1] + 0.6) * 360)) / 360
    signal = sum(np.exp(-(((t - at) / 0.012) ** 2)) for at in times)
    return (signal + 0.01 * np.random.default_rng(0).normal(size=len(t)))[:, None].astype(np.float32)


def test_the_findings_are_known_to_the_companion() -> None:
    from rag.graph.link import node_called

    for name in ("sinus bradycardia", "sinus tachycardia", "ectopic beats"):
        node = node_called(name)
        assert node is not None and node.gist and node.source


def test_beats_are_cut_as_the_shared_training_beats_were(datasets: Path) -> None:
    recording = read_signals("f.zip", packed(datasets / "ecg_wfdb_full", "119"))[0]
    with np.load(datasets / "ecg_beats_mitbih" / "ecg_beats_mitbih.npz") as shared:
        own = shared["record"] == 119
        at, true, labels = shared["sample"][own], shared["beats"][own] / 255, shared["labels"][own]
    beats, whole = cut_beats(recording.lead(), recording.rate, recording.peaks)
    places = np.searchsorted(recording.peaks, at)
    assert whole[places].all()
    assert np.median(np.abs(beats[places] - true).mean(axis=1)) < 0.01
    assert [CLASSES.index(AAMI[recording.symbols[place]]) for place in places] == labels.tolist()
