"""Where in a beat the model saw what it says: a stretch is taken out, and the answer is asked for again.

Occlusion, Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901.
"""

import numpy as np
from numpy.typing import NDArray

from models.ecg.beats import LENGTH
from models.stored import Model

STRETCH = 12  # samples, 96 ms, about a QRS complex
_STEP = 3


def where_it_looked(model: Model, row: NDArray[np.uint8], chosen: int) -> NDArray[np.float64]:
    """Return (size,) how many nats of log odds each sample of a beat gave to the class ``chosen``.

    Parameters
    ----------
    row : (374,) a beat beside the usual one, not encoded; ``size`` is where its padding begins.

    Returns
    -------
    For every sample the mean over the stretches of 96 ms that hold it, each replaced by a straight line. Positive
    spoke for the class, negative against it.
    """
    size = int(np.flatnonzero(row[:LENGTH]).max(initial=0)) + 1
    starts = range(0, max(1, size - STRETCH + 1), _STEP)
    changed = np.repeat(row[None], len(starts) + 1, axis=0)
    for number, start in enumerate(starts, 1):
        end = min(size, start + STRETCH)
        changed[number, start:end] = np.linspace(row[start], row[end - 1], end - start)
    odds = model.calibration.log_odds(model.logits(model.task.encode(changed)))[:, chosen]
    total, times = np.zeros(size), np.zeros(size)
    for start, lost in zip(starts, odds[0] - odds[1:], strict=True):
        end = min(size, start + STRETCH)
        total[start:end] += lost
        times[start:end] += 1
    found: NDArray[np.float64] = total / np.maximum(times, 1)
    return found
