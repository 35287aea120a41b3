"""Photographs of the back of the eye, made alike: light taken out, and the optic disc found and cut out.

The light of a place is its mean in a Gaussian window; what differs from it is kept (after the winner of the Kaggle
competition on diabetic retinopathy, 2015). The disc is where a bright spot of its size meets thick dark vessels, on
the height where it lies in a photograph centred between disc and macula.
"""

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray

SIDE = 224  # pixels of the photographs
CROPS = (64, 128)  # pixels around the disc
VIEWS = 1 + len(CROPS)
_DARK = 20  # grey value up to which a pixel is outside of the field
_WINDOW = 20.0  # pixels, over which light is averaged
_COARSE = 4  # pixels to a side of those that light is averaged on: it hardly changes within
_GAIN = 4.0
_SMALL = 112  # pixels on which the disc is looked for


def _smooth(values: FloatArray, field: FloatArray, sigma: float) -> FloatArray:
    """Return the Gaussian mean of (h, w) values inside of the field."""
    from scipy.ndimage import gaussian_filter

    mean: FloatArray = gaussian_filter(values * field, sigma) / (gaussian_filter(field, sigma) + 1e-3)
    return mean


def without_light(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a (h, w, 3) photograph with the local mean taken out: 128 where there is nothing else."""
    field = (photo.max(axis=2) > _DARK).astype(np.float32)
    away = 128 + _GAIN * (photo - _light(photo * field[..., None], field))
    return np.where(field[..., None] > 0, np.clip(away, 0, 255), 128).astype(np.uint8)


def _light(inside: FloatArray, field: FloatArray) -> FloatArray:
    """Return the (h, w, 3) local mean of a photograph that is 0 outside of its (h, w) field."""
    import torch
    from scipy.ndimage import gaussian_filter
    from torch.nn.functional import interpolate

    both = np.concatenate([inside, field[..., None]], axis=2)
    high, wide = (size // _COARSE for size in field.shape)
    coarse = both[: high * _COARSE, : wide * _COARSE].reshape(high, _COARSE, wide, _COARSE, 4).mean(axis=(1, 3))
    smooth = gaussian_filter(coarse, (_WINDOW / _COARSE, _WINDOW / _COARSE, 0))
    mean = smooth[..., :3] / (smooth[..., 3:] + 1e-3)
    fine = interpolate(torch.from_numpy(mean).permute(2, 0, 1)[None], field.shape, mode="bilinear")
    light: FloatArray = fine[0].permute(1, 2, 0).numpy()
    return light


def disc(photo: NDArray[np.uint8]) -> tuple[int, int]:
    """Return row and column of the optic disc in a (side, side, 3) photograph; the middle where nothing is like one."""
    from scipy.ndimage import distance_transform_edt

    times = photo.shape[0] // _SMALL
    small = photo[: _SMALL * times, : _SMALL * times].reshape(_SMALL, times, _SMALL, times, 3)
    pixels = small.mean(axis=(1, 3), dtype=np.float32)
    field = (pixels.max(axis=2) > _DARK).astype(np.float32)
    grey = (0.3 * pixels[..., 0] + 0.7 * pixels[..., 1]).astype(np.float32)
    grey = np.where(field > 0, grey, _smooth(grey, field, 6))
    even = (grey / (_smooth(grey, field, 8) + 8)).astype(np.float32)
    spot = np.maximum(_smooth(even, field, 2.5) - _smooth(even, field, 6.5), 0)
    vessels = _smooth(np.maximum(_smooth(even, field, 2) - _smooth(even, field, 0.75), 0), field, 5)
    rim = distance_transform_edt(np.pad(field > 0, 1))[1:-1, 1:-1]
    inner = rim > 4
    if not inner.any():
        return photo.shape[0] // 2, photo.shape[1] // 2
    spot = spot / (np.quantile(spot[inner], 0.98) + 1e-3)
    vessels = vessels / (np.quantile(vessels[inner], 0.9) + 1e-6)
    down, across = np.mgrid[:_SMALL, :_SMALL]
    likely = np.exp(-(((down - 54) / 22.5) ** 2) / 2 - ((np.abs(across - 56) - 37.5) / 22.5) ** 2 / 2)
    bright = _smooth(even, field, 3)
    bright = np.clip((bright - np.quantile(bright[inner], 0.6)) / (np.quantile(bright[inner], 0.98) + 1e-3), 0, None)
    inside = 1 - np.exp(-((rim / 8) ** 2))  # light that falls in at the rim is bright too
    score = np.where(inner, np.minimum(spot, 2.5) * np.minimum(vessels, 2) * likely * inside * (0.02 + bright), -1)
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    return int(row) * times + times // 2, int(column) * times + times // 2


def views(photo: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return a photograph without light: the whole, and a crop of each of CROPS pixels around the disc."""
    plain = without_light(photo)
    row, column = disc(photo)
    return [plain, *(_around(plain, row, column, size) for size in CROPS)]


def _around(picture: NDArray[np.uint8], row: int, column: int, size: int) -> NDArray[np.uint8]:
    half = size // 2
    wide = np.pad(picture, ((half, half), (half, half), (0, 0)), constant_values=128)
    return wide[row : row + size, column : column + size]
