"""ECG: which kind of heartbeat it is, in the classes of AAMI EC57 (MIT-BIH Arrhythmia Database, 23,377 beats)."""

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.public_images import arrays
from data.table import Dataset, FloatArray
from models.ecg.beats import LENGTH, beside_usual
from models.ecg.kernels import NAME, numbers_of
from models.task import Task, Training

if TYPE_CHECKING:
    from torch import nn

FILE = "ecg_beats_mitbih/ecg_beats_mitbih.npz"
PAGE = "https://physionet.org/content/mitdb/1.0.0"
SITES = 6
_MANY = 50  # supraventricular beats of a patient, from which on they are many
_HELD_OUT, _CALIBRATION = (2, 3), (1, 2)  # patients with many supraventricular beats, and with few; no pacemaker


def _order(record: int) -> str:
    return hashlib.sha256(str(record).encode()).hexdigest()


@cache
def _beats() -> Dataset:
    found = arrays(FILE, "Heartbeats of MIT-BIH", PAGE)
    y, record = found["labels"].reshape(-1).astype(np.int64), found["record"].reshape(-1)
    patients = sorted({int(each) for each in record}, key=_order)
    paced = [each for each in patients if (y[record == each] == len(CLASSES) - 1).mean() > 0.5]
    parts = dict.fromkeys(patients, 0)
    parts |= dict.fromkeys(paced[:1], 2)  # two have a pacemaker: one to learn from, one to score on
    for many, held_out, calibration in zip((True, False), _HELD_OUT, _CALIBRATION, strict=True):
        of_kind = [each for each in patients if each not in paced and ((y[record == each] == 1).sum() >= _MANY) == many]
        parts |= dict.fromkeys(of_kind[:held_out], 2) | dict.fromkeys(of_kind[held_out:][:calibration], 1)
    place = {each: position for position, each in enumerate(sorted(patients, key=lambda each: parts[each]))}
    beats = np.zeros((len(y), 2 * LENGTH), np.uint8)
    for each in patients:
        beats[record == each] = beside_usual(found["beats"][record == each] / np.float32(255))
    return Dataset(
        beats,
        y,
        f"MIT-BIH Arrhythmia Database, {len(y):,} beats of {len(patients)} patients, Boston, 1975 to 1979",
        natural_sites=tuple(f"Clinic {place[int(each)] % SITES + 1}" for each in record),
        groups=tuple(f"patient {each}" for each in record),
        parts=np.array([parts[int(each)] for each in record], dtype=np.int64),
    )


CLASSES = ("normal", "supraventricular", "ventricular", "fusion", "paced or unclassifiable")


class Ecg(Task):
    """Beats of 24 patients; a patient stays on one side of every split, and at one of six made-up clinics."""

    name = "ecg"
    title = "ECG"
    question = "What does this ECG show, beat by beat?"
    modality = "signal"
    classes = CLASSES
    signal = True
    unreliable = ("supraventricular", "fusion")
    judged = ("normal", "supraventricular", "ventricular")
    training = Training(
        rounds=20,
        batch_size=64,
        learning_rate=1e-3,
        decay=0.93,
        sampling=0.5,
        partition="natural",
        sites=SITES,
        strategy="equal",
    )
    licence = "ODC-By 1.0 (PhysioNet, mitdb 1.0.0)"
    natural_sites = True

    @property
    def encoder(self) -> str:
        """Return the name under which beats are kept as numbers."""
        return NAME

    def public(self) -> Dataset:
        """Return the beats; ``groups`` are patients."""
        return _beats()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` beats of drawn ECGs; for trying things out only."""
        from models.ecg.drawn import draw_recording
        from models.ecg.marked import marked_beats

        rows = marked_beats([draw_recording(n + 10, seed)], f"drawn, seed {seed}")
        return rows.take(np.arange(n))

    def encode(self, x: NDArray[Any]) -> FloatArray:
        """Return the (n, 3214) numbers of beats beside usual ones."""
        return numbers_of(x)

    def answer(self, chosen: int) -> str:
        """Return the answer as a sentence."""
        return f"This beat is most like a {self.classes[chosen]} one."

    def network(self) -> "nn.Module":
        """Return a fresh layer over the numbers of a beat."""
        from models.tasks.ecg.network import make

        return make()


TASK = Ecg()
