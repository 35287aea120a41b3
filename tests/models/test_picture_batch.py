"""A ZIP of pictures is answered in its order, each bad file with a sentence in its row."""

from unittest.mock import patch

import numpy as np
import pytest

from data.intake.pictures import NotAPicture, Picture
from models import picture_batch
from models.picture_batch import MOST, PictureBatch
from models.predict_picture import AT_ONCE, PictureAnswer
from models.registry import get_task
from tests.data.pictures import GREY, as_file, as_zip

TASK = get_task("breast_ultrasound")


def refused(_task: object, pictures: list[Picture], **_: object) -> list[PictureAnswer]:
    return [PictureAnswer(f"Refused at {int(picture.pixels[0, 0])}.", None) for picture in pictures]


def test_every_file_has_its_row_in_order_and_a_bad_one_says_why() -> None:
    files = {f"{n}.png": as_file(np.full_like(GREY, n)) for n in range(AT_ONCE + 4)}
    files["3.png"], files["notes.txt"] = files["3.png"][:60], b"nothing"
    batch = PictureBatch.of_zip(as_zip(files))
    with patch.object(picture_batch, "predict_pictures", refused):
        batch.answer_next(TASK, version_id=1)
        assert len(batch.rows) == AT_ONCE and batch.left == 5
        batch.answer_next(TASK, version_id=1)
    assert [row.file for row in batch.rows] == list(files) and not batch.left
    assert "damaged" in batch.rows[3].note and batch.rows[-1].note == "The file is no PNG, JPEG or DICOM picture."
    assert [row.note for row in batch.rows[4:-1]] == [f"Refused at {n}." for n in range(4, AT_ONCE + 4)]
    assert all(row.probability is None for row in batch.rows)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"PK", "no ZIP"),
        (as_zip({}), "no picture"),
        (as_zip({f"{n}.png": b"" for n in range(MOST + 1)}), "1,000 pictures at a time"),
    ],
)
def test_what_is_no_zip_of_at_most_a_thousand_is_told_in_a_sentence(raw: bytes, told: str) -> None:
    with pytest.raises(NotAPicture, match=told):
        PictureBatch.of_zip(raw)


@pytest.mark.slow
def test_real_answers_have_a_probability_within_its_interval(home: object) -> None:
    from models.versions import champion, register_shipped

    register_shipped()
    version = champion(TASK.name)
    assert version is not None
    batch = PictureBatch.of_zip(as_zip({f"{n}.png": as_file(x) for n, x in enumerate(TASK.generate(6, seed=3).x)}))
    batch.answer_next(TASK, version_id=version.id)
    for row in batch.rows:
        if row.probability is None:
            assert row.note.endswith(".")
        else:
            assert row.low is not None and row.high is not None and row.low <= row.probability <= row.high
