"""What a champion makes of each beat of a strip."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.signal import Recording
from data.table import IntArray
from models.ecg.beats import CLASSES, beside_usual, cut_beats
from models.ecg.strip import Reading
from models.predict import Prediction, predict, version_of
from models.task import Task

MOST_BEATS = 5_000  # of one recording, answered


@dataclass(frozen=True)
class BeatAnswer:
    """One beat: the sample of its R peak, its seconds from the start, the letter of its class, and the answer."""

    peak: int
    second: float
    letter: str
    prediction: Prediction


def answer_beats(
    task: Task, recording: Recording, reading: Reading, *, version_id: int | None = None
) -> list[BeatAnswer]:
    """Answer for every whole beat that was found in a strip, the first ``MOST_BEATS`` of them.

    Raises
    ------
    models.versions.NoChampion, models.versions.VersionError
        As models.predict.predict does.
    """
    version = version_of(task, version_id)
    rows, peaks = beat_rows(recording, reading)
    found = predict(task, task.encode(rows), explain=False, version_id=version.id)
    return [
        BeatAnswer(peak, peak / recording.rate, CLASSES[answer.chosen], answer)
        for peak, answer in zip(peaks.tolist(), found, strict=True)
    ]


def beat_rows(recording: Recording, reading: Reading) -> tuple[NDArray[np.uint8], IntArray]:
    """Return (b, 374) rows for the first ``MOST_BEATS`` whole beats of a strip, not encoded, and their (b,) R peaks."""
    peaks = reading.peaks[:MOST_BEATS]
    beats, whole = cut_beats(recording.lead(reading.lead), recording.rate, peaks)
    return beside_usual(beats[whole]), peaks[whole]
