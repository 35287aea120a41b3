"""A picture as a page shows it: enlarged, or with what the model looked at laid over it."""

import io

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray

SHOWN = 448  # pixels a side
_COLOUR = (0, 215, 255)  # reads on grey and, being the opposite, on the red of a fundus


def enlarged(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a (side, side[, 3]) picture with at least 320 pixels a side, so that a browser does not blur it."""
    times = max(1, -(-320 // pixels.shape[0]))
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


def overlaid(pixels: NDArray[np.uint8], looked: FloatArray, opacity: float) -> bytes:
    """Return a PNG of (side, side[, 3]) pixels with an (h, w) map from 0 to 1 laid over them in light blue."""
    from PIL import Image

    base = Image.fromarray(pixels).convert("RGB").resize((SHOWN, SHOWN), Image.Resampling.BICUBIC)
    heat = Image.fromarray((looked * 255).astype(np.uint8)).resize((SHOWN, SHOWN), Image.Resampling.BICUBIC)
    mask = Image.fromarray((np.asarray(heat, dtype=np.float32) * opacity).clip(0, 255).astype(np.uint8))
    base.paste(Image.new("RGB", base.size, _COLOUR), mask=mask)
    out = io.BytesIO()
    base.save(out, format="PNG")
    return out.getvalue()
