"""One medical picture as it is uploaded (PNG, JPEG, DICOM), checked and brought to the form a task keeps.

Only pixels leave this module: what a file says about a patient is neither returned nor written anywhere.
"""

import io
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.table import Pictures

MOST_BYTES = 50_000_000
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 20_000
SHORTEST_SIDE = 16
_COLOURED = 0.2  # part of the pixels from which on a picture counts as coloured
_GREY = 24  # largest difference of red, green and blue that still counts as grey


class NotAPicture(ValueError):
    """A file cannot be looked at; the message is one sentence that says why, and what would be right."""


@dataclass(frozen=True)
class Picture:
    """A picture as a task keeps it.

    Parameters
    ----------
    pixels : (side, side) grey or (side, side, 3) uint8.
    coloured : whether the file has colours.
    notes : sentences worth knowing.
    """

    pixels: NDArray[np.uint8]
    coloured: bool
    notes: tuple[str, ...] = ()


def read_picture(raw: bytes, wanted: Pictures) -> Picture:
    """Return the picture in a file.

    Raises
    ------
    NotAPicture
        For anything that is no whole still picture of sensible size.
    """
    if not raw:
        raise NotAPicture("The file is empty.")
    if len(raw) > MOST_BYTES:
        raise NotAPicture(f"The file has {len(raw) / 1e6:.0f} MB; {MOST_BYTES // 1_000_000} MB is the most.")
    if raw[128:132] == b"DICM":
        return _from_dicom(raw, wanted)
    if raw.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return _from_image(raw, wanted)
    raise NotAPicture("The file is no PNG, JPEG or DICOM picture.")


def _check_size(width: int, height: int) -> None:
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise NotAPicture(
            f"The picture has {width} × {height} pixels; {MOST_PIXELS // 1_000_000} million in all and "
            f"{LONGEST_SIDE:,} a side are the most."
        )
    if min(width, height) < SHORTEST_SIDE:
        raise NotAPicture(f"The picture has {width} × {height} pixels; at least {SHORTEST_SIDE} a side are needed.")


def _from_image(raw: bytes, wanted: Pictures) -> Picture:
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, which are refused below before they are unpacked
            image: Image.Image = Image.open(io.BytesIO(raw), formats=("PNG", "JPEG"))
    except Image.DecompressionBombError:
        raise NotAPicture("The picture is far too large to be unpacked.") from None
    except Exception:  # Pillow's readers raise many kinds for a broken head
        raise NotAPicture("The file begins like a picture and is damaged.") from None
    _check_size(*image.size)
    if (frames := getattr(image, "n_frames", 1)) > 1:
        raise NotAPicture(f"The picture is animated, with {frames} frames; give a still one.")
    if image.mode == "CMYK":
        raise NotAPicture("The picture is in CMYK colours, which are for printing; save it in RGB or grey.")
    try:
        image.load()
        image = ImageOps.exif_transpose(image)
    except Exception:
        raise NotAPicture("The picture is cut off or damaged: its pixels cannot be read to the end.") from None
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return finished(_stretched(np.asarray(image, dtype=np.float64)), wanted, ("It has 16 bits a pixel, scaled.",))
    if image.mode in ("LA", "PA", "RGBA", "P") and ("A" in image.mode or "transparency" in image.info):
        opaque = Image.new("RGBA", image.size, "black")
        opaque.alpha_composite(image.convert("RGBA"))
        image = opaque
    return finished(np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB")), wanted)


def _stretched(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return values with half a percent at either end cut off, from 0 to 255."""
    low, high = np.percentile(values, [0.5, 99.5])
    scaled: NDArray[np.uint8] = np.clip((values - low) / max(high - low, 1e-9) * 255, 0, 255).astype(np.uint8)
    return scaled


def _from_dicom(raw: bytes, wanted: Pictures) -> Picture:
    import pydicom
    from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
    from pydicom.pixels.utils import pixel_array

    notes = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they may quote what a file says of a patient
        try:
            head = pydicom.dcmread(io.BytesIO(raw))
            size = int(head.Columns), int(head.Rows)
            frames = int(head.get("NumberOfFrames", 1) or 1)
            kind = str(head.PhotometricInterpretation)
        except Exception:
            raise NotAPicture("The DICOM file is damaged, or holds no picture.") from None
        _check_size(*size)
        if not 1 <= frames <= 100_000:
            raise NotAPicture("The DICOM file says that it has an impossible number of frames.")
        if frames > 1:
            notes.append(f"It has {frames} frames; the middle one was taken.")
        try:
            values: NDArray[Any] = pixel_array(head, index=frames // 2 if frames > 1 else 0)
        except (NotImplementedError, RuntimeError) as error:
            if "decod" in str(error) or "plugin" in str(error).lower():
                name = head.file_meta.TransferSyntaxUID.name
                raise NotAPicture(f"The DICOM picture is packed in a way that is not read here: {name}.") from None
            raise NotAPicture("The pixels of the DICOM file are cut off or damaged.") from None
        except Exception:
            raise NotAPicture("The pixels of the DICOM file are cut off or damaged.") from None
        if not kind.startswith("MONOCHROME"):
            if values.ndim != 3 or values.dtype != np.uint8:
                raise NotAPicture(f"The DICOM picture is {kind}, which is not read here; give a grey or an RGB one.")
            return finished(values, wanted, tuple(notes))
        try:
            grey = np.asarray(apply_voi_lut(apply_modality_lut(values, head), head), dtype=np.float64)
        except Exception:
            raise NotAPicture("The window of the DICOM picture cannot be read.") from None
    if kind == "MONOCHROME1":
        grey = -grey
    windowed = "WindowWidth" in head or "VOILUTSequence" in head
    low, high = grey.min(), grey.max()
    pixels = np.clip((grey - low) / max(high - low, 1e-9) * 255, 0, 255).astype(np.uint8)
    return finished(pixels if windowed else _stretched(grey), wanted, tuple(notes))


def finished(pixels: NDArray[np.uint8], wanted: Pictures, notes: tuple[str, ...] = ()) -> Picture:
    """Return (h, w) or (h, w, 3) pixels squeezed to a square, in grey unless colours are wanted."""
    from PIL import Image

    coloured = False
    if pixels.ndim == 3:
        spread = pixels.max(axis=2).astype(np.int16) - pixels.min(axis=2)
        coloured = bool((spread > _GREY).mean() > _COLOURED)
    image = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB" if wanted.colour else "L")
    square = image.resize((wanted.side, wanted.side), Image.Resampling.BICUBIC)
    return Picture(np.asarray(square), coloured, notes)
