"""Answers for texts: cleaned, compared with those that the model learnt from, answered."""

from collections.abc import Sequence
from dataclasses import replace

from data.texts import NotAText, cleaned, pack_texts
from models.predict import NO_ANSWER, InputError, Prediction, predict, version_of
from models.task import Task
from models.text_sources import FAR, strangeness

REFUSAL = "The model does not answer: this is unlike the texts it learned from. Describe {kind} in a sentence or two."
WARNING = "This is unlike the texts that the model learned from, so its answer may be far off."


def predict_texts(task: Task, texts: Sequence[str], *, version_id: int | None = None) -> list[Prediction]:
    """Answer for each text, or say why not.

    Raises
    ------
    models.predict.InputError
        For a text that is empty or too long; the message names its number and never repeats it.
    models.versions.NoChampion, models.versions.VersionError
        As models.predict.predict does.
    """
    assert task.texts is not None
    kept = []
    for number, text in enumerate(texts, start=1):
        try:
            kept.append(cleaned(text, task.texts.kind))
        except NotAText as error:
            raise InputError(f"Text {number}: {error}" if len(texts) > 1 else str(error)) from None
    version = version_of(task, version_id)
    if not kept:
        return []
    found = predict(task, task.encode(pack_texts(kept)), explain=False, version_id=version.id)
    refusal = REFUSAL.format(kind=task.texts.kind)
    answers = []
    for prediction, away in zip(found, strangeness(task, kept), strict=True):
        if away > FAR:
            answers.append(replace(prediction, answer=NO_ANSWER, refused=refusal))
        elif away > 1:
            answers.append(replace(prediction, warnings=(*prediction.warnings, WARNING)))
        else:
            answers.append(prediction)
    return answers
