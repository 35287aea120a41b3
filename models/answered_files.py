"""Files answered on the command line: a line on the terminal for each row, picture, text or recording, and JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.predict import EXPLAINED_ROWS, InputError, Prediction, predict
from models.task import Task
from models.versions import VersionView

Answers = list[dict[str, Any]]


def answered(task: Task, version: VersionView, files: Sequence[Path]) -> Answers:
    """Print the answers of a version about each file and return them.

    Raises
    ------
    models.predict.InputError
        With one sentence that names the file.
    """
    if task.pictures is not None:
        return _pictures(task, version, files)
    if task.signal:
        return _recordings(task, version, files)
    if task.texts is not None:
        return _texts(task, version, files)
    return _tables(task, version, files)


def _tables(task: Task, version: VersionView, files: Sequence[Path]) -> Answers:
    from models.tables import read_table

    answers: Answers = []
    for path in files:
        rows = read_table(task, path, labelled=False)
        explain = len(answers) + len(rows) <= EXPLAINED_ROWS
        for number, each in enumerate(predict(task, rows.x, explain=explain, version_id=version.id), start=1):
            print(f"{path} row {number}: {_said(task, each)}")
            answers.append({"file": str(path), "row": number, **asdict(each)})
    return answers


def _pictures(task: Task, version: VersionView, files: Sequence[Path]) -> Answers:
    from models.labelled_pictures import read_one
    from models.predict_picture import predict_pictures

    answers: Answers = []
    for path in files:
        found = predict_pictures(task, [read_one(task, path)], explain=False, version_id=version.id)[0]
        if found.prediction is None:
            print(f"{path}: {found.refusal}")
            answers.append({"file": str(path), "refusal": found.refusal})
            continue
        print(f"{path}: {_said(task, found.prediction)}")
        answers.append({"file": str(path), "refusal": "", **asdict(found.prediction)})
    return answers


def _texts(task: Task, version: VersionView, files: Sequence[Path]) -> Answers:
    from data.texts import unpack_texts
    from models.predict_text import predict_texts
    from models.texts import read_texts

    answers: Answers = []
    for path in files:
        texts = unpack_texts(read_texts(task, path, labelled=False).x)
        for number, each in enumerate(predict_texts(task, texts, version_id=version.id), start=1):
            print(f"{path} row {number}: {each.refused or _said(task, each)}")
            answers.append({"file": str(path), "row": number, **asdict(each)})
    return answers


def _recordings(task: Task, version: VersionView, files: Sequence[Path]) -> Answers:
    from data.intake.signal import SignalError, read_signals
    from models.ecg.answers import answer_beats
    from models.ecg.named import LONG, named_beats
    from models.ecg.strip import UnreadableSignal, read_strip

    answers: Answers = []
    for path in files:
        try:
            recordings = read_signals(path.name, path.read_bytes())
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
        except SignalError as error:
            raise InputError(str(error)) from None
        for recording in recordings:
            try:
                reading = read_strip(recording)
            except UnreadableSignal as error:
                print(f"{path} {recording.name}: {error}")
                answers.append({"file": str(path), "record": recording.name, "refusal": str(error)})
                continue
            named = named_beats(recording, reading)
            print(f"{path} {recording.name}: {len(named)} beats by rules: {_counted(beat.letter for beat in named)}")
            of = {"file": str(path), "record": recording.name}
            answers += [{**of, "by": "rules", **asdict(beat)} for beat in named]
            if recording.seconds >= LONG:
                beats = answer_beats(task, recording, reading, version_id=version.id)
                print(f"{' ' * 4}by {version.label}: {_counted(beat.letter for beat in beats)}")
                answers += [{**of, "by": version.label, **asdict(beat)} for beat in beats]
    return answers


def _counted(letters: Iterable[str]) -> str:
    return ", ".join(f"{number} {letter}" for letter, number in Counter(letters).most_common())


def _said(task: Task, answer: Prediction) -> str:
    """Return an answer with the probability that it is about, in words."""
    subject = task.classes[1 if len(task.classes) == 2 else answer.chosen]
    return (
        f"{answer.answer} Probability of {subject} {answer.probability:.3f} "
        f"(95 % interval {answer.low:.3f} to {answer.high:.3f})"
    )
