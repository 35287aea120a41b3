"""Pictures are read whatever way they are stored; what is no sensible picture gets one sentence and no crash."""

import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from data.intake.images import check_arrays, check_zip
from data.intake.pictures import NotAPicture, read_picture
from data.sealing import seal, unseal
from data.table import Dataset, Pictures
from tests.data.pictures import GREY, as_dicom, as_file, as_zip

XRAY = Pictures("a chest X-ray", 32)
CLASSES = ("no pneumonia", "pneumonia")
WANTED = np.asarray(Image.fromarray(GREY).resize((32, 32), Image.Resampling.BICUBIC)).astype(int)


def near(raw: bytes, most: float = 4) -> bool:
    return float(np.abs(read_picture(raw, XRAY).pixels.astype(int) - WANTED).mean()) < most


@pytest.mark.parametrize(
    "raw",
    [
        as_file(GREY),
        as_file(GREY, "JPEG", quality=95),
        as_file(np.stack([GREY] * 3, axis=2)),
        as_file(np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)])),
        as_file(Image.fromarray(GREY).convert("P")),
        as_file((GREY.astype(np.uint16) * 200).astype(np.uint16)),
        as_dicom(GREY),
        as_dicom(255 - GREY, "MONOCHROME1"),
        as_dicom((GREY.astype(np.uint16) * 16), WindowCenter=2040, WindowWidth=4080),
        as_dicom(np.stack([GREY * 0, GREY, GREY * 0])),
        as_dicom(GREY, packed="RLELossless"),
        as_dicom(GREY, packed="JPEG2000Lossless"),
        as_dicom(GREY, packed="DeflatedExplicitVRLittleEndian"),
        as_dicom(np.stack([GREY * 0, GREY, GREY * 0]), packed="RLELossless"),
        as_dicom(GREY.astype(np.int16) * 16 - 2040, PixelRepresentation=1, WindowCenter=0, WindowWidth=4080),
        as_dicom(GREY.astype(np.uint16), RescaleSlope=2, RescaleIntercept=-255, WindowCenter=0, WindowWidth=510),
    ],
)
def test_the_same_picture_is_seen_however_it_is_stored(raw: bytes) -> None:
    assert near(raw)
    assert not read_picture(raw, XRAY).coloured


def test_nothing_that_a_dicom_file_says_of_a_patient_is_returned() -> None:
    picture = read_picture(as_dicom(np.stack([GREY, GREY])), XRAY)
    assert "Jane" not in repr(picture) and "4711" not in repr(picture)
    assert picture.notes == ("It has 2 frames; the middle one was taken.",)


def test_colours_are_noticed() -> None:
    red = np.dstack([GREY, GREY // 4, GREY // 4])
    assert read_picture(as_file(red), XRAY).coloured
    assert read_picture(as_file(red), Pictures("a fundus", 32, colour=True)).pixels.shape == (32, 32, 3)


def bomb() -> bytes:
    """Return a PNG that says it has 50,000 × 50,000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


BAD = {
    "empty": b"",
    "text": b"patient,finding\n1,2\n",
    "cut PNG": as_file(GREY)[:900],
    "cut JPEG": as_file(GREY, "JPEG")[:700],
    "only a head": as_file(GREY)[:20],
    "bomb": bomb(),
    "one pixel": as_file(GREY[:1, :1]),
    "50,000 pixels long": as_file(np.zeros((2, 50_000), np.uint8)),
    "CMYK": as_file(Image.fromarray(GREY).convert("CMYK"), "JPEG"),
    "animated": as_file(
        Image.fromarray(GREY), "PNG", save_all=True, append_images=[Image.fromarray(255 - GREY)], duration=100
    ),
    "cut DICOM": as_dicom(GREY)[:-4000],
    "DICOM without a picture": as_dicom(GREY)[:200],
    "DICOM cut while packed": as_dicom(GREY, packed="RLELossless")[:-1500],
    "DICOM of one line": as_dicom(GREY[:1]),
    "DICOM of more pixels than it has": as_dicom(GREY, Rows=4000),
    "DICOM of 50,000 pixels": as_dicom(GREY, Columns=50_000),
    "DICOM of frames that it lacks": as_dicom(GREY, NumberOfFrames=40),
    "DICOM in colours of a table": as_dicom(GREY, "PALETTE COLOR"),
    "PNG under the head of a JPEG": b"\xff\xd8\xff" + as_file(GREY)[3:],
    "JPEG under the head of a DICOM file": as_dicom(GREY)[:132] + as_file(GREY, "JPEG"),
    "GIF": as_file(GREY, "GIF"),
    "ZIP": as_zip({"a.png": as_file(GREY)}),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_sensible_picture_gets_one_sentence(name: str) -> None:
    with pytest.raises(NotAPicture) as told:
        read_picture(BAD[name], XRAY)
    assert str(told.value).endswith(".") and "\n" not in str(told.value) and len(str(told.value)) < 160


def test_a_thousand_damaged_files_get_a_sentence_or_a_picture_and_never_a_crash() -> None:
    luck = random.Random(1)
    colour = np.stack([GREY, 255 - GREY, GREY // 2], axis=2)
    whole = [
        as_file(GREY),
        as_file(GREY, "JPEG"),
        as_file(GREY.astype(np.uint16) * 200),
        as_file(Image.fromarray(colour).convert("CMYK"), "JPEG"),
        as_dicom(GREY),
        as_dicom(GREY, packed="RLELossless"),
        as_dicom(GREY, packed="JPEG2000Lossless"),
        as_dicom(np.stack([GREY] * 3), packed="RLELossless"),
        *BAD.values(),
    ]
    for _ in range(1000):
        raw = bytearray(luck.choice(whole))
        for _ in range(luck.randint(1, 12) if raw else 0):
            raw[luck.randrange(len(raw))] = luck.randrange(256)
        if luck.random() < 0.2:  # the end of one file behind the beginning of another
            raw = raw[: len(raw) // 2] + luck.choice(whole)[-2000:]
        raw = raw[: luck.randrange(len(raw) + 1)] if luck.random() < 0.4 else raw
        try:
            assert read_picture(bytes(raw), XRAY).pixels.shape == (32, 32)
        except NotAPicture as error:
            assert str(error).endswith(".")


def test_a_zip_with_labels_csv_and_one_with_class_folders_give_the_same_rows() -> None:
    one, two = as_file(GREY), as_file(255 - GREY)
    table = b"file,label,patient\na.png,1,p1\nsub/b.png,no pneumonia,p2\n"
    listed = check_zip(
        as_zip({"labels.csv": table, "a.png": one, "sub/b.png": two}),
        XRAY, CLASSES, source="test",
    )  # fmt: skip
    folders = check_zip(
        as_zip({"x/Pneumonia/a.png": one, "x/no_pneumonia/b.png": two, "__MACOSX/x/._a.png": b"?"}),
        XRAY, CLASSES, source="test",
    )  # fmt: skip
    assert listed.dataset is not None and folders.dataset is not None
    assert listed.dataset.y.tolist() == folders.dataset.y.tolist()[::-1] or listed.dataset.y.tolist() == [1, 0]
    assert set(listed.dataset.row_hashes) == set(folders.dataset.row_hashes)
    assert listed.dataset.groups == ("p1", "p2")


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"labels.csv": b"file,label\nnone.png,1\n", "a.png": as_file(GREY)}, "not there"),
        ({"labels.csv": b"file,label\na.png,7\n", "a.png": as_file(GREY)}, r"0 \(no pneumonia\), 1 \(pneumonia\)"),
        ({"labels.csv": b"name;label\n", "a.png": as_file(GREY)}, "columns file and label"),
        ({"a.png": as_file(GREY)}, "folder of its class"),
        ({"pneumonia/a.png": as_file(GREY)[:500]}, "cut off or damaged"),
        ({}, "no picture"),
    ],
)
def test_a_problem_in_a_zip_is_named_and_nothing_is_kept(files: dict[str, bytes], told: str) -> None:
    import re

    report = check_zip(as_zip(files), XRAY, CLASSES, source="test")
    assert report.dataset is None and report.problem_count >= 1
    assert re.search(told, str(report.problems[0]))


def test_what_is_no_zip_is_told_in_a_sentence() -> None:
    for raw in (b"", b"PK\x03\x04", as_zip({"a.png": as_file(GREY)})[:60]):
        assert check_zip(raw, XRAY, CLASSES, source="test").problems[0].rule.endswith(".")


def test_pictures_come_out_of_the_vault_as_they_went_in() -> None:
    rows = Dataset(np.stack([GREY, 255 - GREY]), np.array([0, 1]), "test")
    again = unseal(seal(rows, b"k" * 32, b"here"), b"k" * 32, b"here")
    assert again.x.dtype == np.uint8 and again.fingerprint == rows.fingerprint


def test_an_npz_with_pictures_of_any_size_is_squeezed_and_a_wrong_one_named() -> None:
    import io

    def npz(**arrays: np.ndarray) -> bytes:
        out = io.BytesIO()
        np.savez(out, **arrays)
        return out.getvalue()

    rows = check_arrays(
        npz(test_images=np.stack([GREY] * 3), test_labels=np.array([[0], [1], [1]])), XRAY, CLASSES, source="t"
    )
    assert rows.x.shape == (3, 32, 32) and rows.y.tolist() == [0, 1, 1]
    for wrong in (npz(x=GREY), npz(x=GREY[None], y=np.array([3])), b"PK", npz(x=GREY[None] / 255, y=np.array([1]))):
        with pytest.raises(NotAPicture):
            check_arrays(wrong, XRAY, CLASSES, source="t")
