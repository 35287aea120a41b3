"""Answers for pictures: checked, judged, answered, and shown where the model looked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.intake.pictures import Picture
from data.table import FloatArray
from models.predict import NOT_FOR_CLINICAL_USE, Prediction, predict_with, version_of
from models.sources import judge, kinds
from models.task import Task
from models.versions import load_model

AT_ONCE = 16


@dataclass(frozen=True)
class PictureAnswer:
    """What comes of one picture.

    Parameters
    ----------
    refusal : a sentence when there is no answer, else "".
    prediction : the answer, None when refused.
    looked : (h, w) map from 0 to 1 of what spoke for the answer; None when not asked for.
    """

    refusal: str
    prediction: Prediction | None
    looked: FloatArray | None = None
    not_for_clinical_use: str = NOT_FOR_CLINICAL_USE


def predict_pictures(
    task: Task, pictures: Sequence[Picture], *, explain: bool = True, version_id: int | None = None
) -> list[PictureAnswer]:
    """Answer for each picture, or say why not.

    Raises
    ------
    models.versions.NoChampion, models.versions.VersionError
        As models.predict.predict does.
    """
    version = version_of(task, version_id)
    model = load_model(version.id)
    answers: list[PictureAnswer] = []
    for start in range(0, len(pictures), AT_ONCE):
        some = pictures[start : start + AT_ONCE]
        pixels = np.stack([picture.pixels for picture in some])
        verdicts = judge(task, pixels, [picture.coloured for picture in some], kinds())
        good = [index for index, verdict in enumerate(verdicts) if not verdict.refusal]
        found = predict_with(version, model, task.encode(pixels[good]), explain=False) if good else []
        by_index = dict(zip(good, found, strict=True))
        for index, (picture, verdict) in enumerate(zip(some, verdicts, strict=True)):
            if verdict.refusal:
                answers.append(PictureAnswer(verdict.refusal, None))
                continue
            said = (*by_index[index].warnings, *([verdict.warning] if verdict.warning else []), *picture.notes)
            prediction = replace(by_index[index], warnings=said)
            looked = None
            if explain:
                from models.explain.picture import where_it_looked

                looked = where_it_looked(model, picture.pixels, prediction.chosen)
            answers.append(PictureAnswer("", prediction, looked))
    return answers
