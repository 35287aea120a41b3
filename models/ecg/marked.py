"""Beats that somebody has marked, as rows of a task: from WFDB records to what a site trains on."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from data.intake.problems import Problems
from data.intake.signal import SignalError, read_signals
from data.intake.table import PREVIEW_ROWS, Report
from data.signal import Recording
from data.table import Dataset
from models.ecg.beats import AAMI, CLASSES, LENGTH, beside_usual, cut_beats

DRAWN = "synthetic"  # records whose names begin so are drawn by this program, and stay marked as such


def marked_beats(recordings: Sequence[Recording], source: str) -> Dataset:
    """Return the marked beats of recordings, each read in its best lead; a group is a record."""
    x, y, groups = [np.zeros((0, 2 * LENGTH), np.uint8)], [np.zeros(0, np.int64)], []
    for recording in recordings:
        beats, whole = cut_beats(recording.lead(), recording.rate, recording.peaks)
        kinds = np.array([CLASSES.index(AAMI.get(symbol, "Q")) for symbol in recording.symbols], dtype=np.int64)
        x.append(beside_usual(beats[whole]))
        y.append(kinds[whole])
        groups += [recording.name] * int(whole.sum())
    drawn = any(recording.name.startswith(DRAWN) for recording in recordings)
    return Dataset(np.concatenate(x), np.concatenate(y), source, drawn, groups=tuple(groups))


def check_records(raw: bytes, classes: Sequence[str], *, source: str) -> Report:
    """Check a ZIP of WFDB records with marked beats; whatever it holds, this gives a report and raises nothing."""
    sha256 = hashlib.sha256(raw).hexdigest()
    problems = Problems()
    recordings: list[Recording] = []
    try:
        recordings = read_signals("records.zip", raw)
    except SignalError as error:
        problems.whole_file(str(error))
    for number, recording in enumerate(recordings, start=1):
        if not len(recording.peaks):
            problems.add(number, "record", recording.name, "No beat of it is marked; give its .atr file too.")
    rows = marked_beats(recordings, source)
    if not problems.count and not len(rows):
        problems.whole_file("No beat in it is whole, so there is nothing to learn from.")
    if problems.count:
        return Report(len(recordings), problems.listed(), None, pd.DataFrame(), (), sha256, problems.count)
    names = rows.groups or ()
    counts = [
        {"record": name, **{classes[k]: int((rows.y[[each == name for each in names]] == k).sum()) for k in range(5)}}
        for name in dict.fromkeys(names)
    ]
    notes = [
        f"Beats are kept as {LENGTH} samples from 0 to 1 at 125 a second, each with its record's median beat; nothing "
        "else of the files is kept."
    ]
    notes += ["These records are marked as synthetic and stay so."] if rows.synthetic else []
    if lost := sum(len(recording.peaks) for recording in recordings) - len(rows):
        notes.append(f"{lost} marked beats are cut off by the end of a record, or flat, and are left out.")
    return Report(len(rows), (), rows, pd.DataFrame(counts).head(PREVIEW_ROWS), tuple(notes), sha256)
