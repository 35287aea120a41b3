"""What a recorded signal looks like: samples of one or more leads at one rate, and beats somebody has marked."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray, IntArray


@dataclass(frozen=True)
class Recording:
    """One ECG.

    Parameters
    ----------
    name : of the record, in words a page can show; never a patient's.
    samples : (n, leads) float32 in mV, finite.
    rate : samples a second.
    leads : (leads,) names.
    peaks : (b,) positions of beats that somebody marked, ascending; empty where nobody did.
    symbols : (b,) the mark of each beat in PhysioBank's letters.
    """

    name: str
    samples: FloatArray
    rate: float
    leads: tuple[str, ...]
    peaks: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    symbols: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return len(self.samples) / self.rate

    @property
    def best_lead(self) -> int:
        """The lead to read: II or what is nearest to it, else the first."""
        wanted = ("MLII", "II", "ML2", "D2", "I")
        plain = [lead.upper().removeprefix("ECG").strip(" _-") for lead in self.leads]
        return next((plain.index(name) for name in wanted if name in plain), 0)

    def lead(self, position: int | None = None) -> NDArray[np.float64]:
        """Return one lead (n,) in mV, the best one to read by default."""
        return self.samples[:, self.best_lead if position is None else position].astype(np.float64)
