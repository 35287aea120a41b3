"""Pictures as files, good and bad, for tests of the intake."""

import io
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_NOISE = np.random.default_rng(0).integers(-12, 13, (96, 80))
GREY: NDArray[np.uint8] = np.clip(np.add.outer(np.arange(96), np.arange(80)) * 255 // 173 + _NOISE, 0, 255).astype(
    np.uint8
)


def as_file(pixels: NDArray[Any], kind: str = "PNG", **more: Any) -> bytes:
    """Return pixels as a file."""
    out = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(out, format=kind, **more)
    return out.getvalue()


def as_dicom(pixels: NDArray[Any], photometric: str = "MONOCHROME2", packed: str = "", **tags: Any) -> bytes:
    """Return grey pixels, (h, w) or (frames, h, w), as a DICOM file of a patient called Jane.

    ``packed`` names a transfer syntax of pydicom.uid.
    """
    import pydicom.uid
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = SecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = generate_uid()
    made.PatientName, made.PatientID = "Doe^Jane", "4711"
    made.Rows, made.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        made.NumberOfFrames = len(pixels)
    made.SamplesPerPixel, made.PixelRepresentation, made.PhotometricInterpretation = 1, 0, photometric
    made.BitsAllocated = made.BitsStored = 8 * pixels.itemsize
    made.HighBit = made.BitsStored - 1
    made.PixelData = pixels.tobytes()
    for name, value in tags.items():
        setattr(made, name, value)
    if packed.startswith("Deflated"):  # all of the file is packed, not its pixels
        made.file_meta.TransferSyntaxUID = getattr(pydicom.uid, packed)
    elif packed:
        made.compress(getattr(pydicom.uid, packed))
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


def as_zip(files: dict[str, bytes]) -> bytes:
    """Return files as a ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
