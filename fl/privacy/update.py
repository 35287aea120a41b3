"""Keeping a site's update short."""

import numpy as np

from data.table import FloatArray


def clipped_update(weights: FloatArray, start: FloatArray, clip: float) -> FloatArray:
    """Return (p,) weights whose distance from ``start`` is at most ``clip``, along the same line."""
    update = weights - start
    length = float(np.linalg.norm(update))
    return weights if length <= clip else (start + update * np.float32(clip / length)).astype(np.float32)
