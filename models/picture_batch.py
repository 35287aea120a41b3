"""Many pictures in a ZIP, answered a few at a time: one row each, also for those that cannot be read or are refused.

Only the rows stay in memory, so that a thousand pictures need no more than ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from data.intake.images import Files
from data.intake.pictures import NotAPicture, Picture, read_picture
from models.predict import NO_ANSWER, Prediction
from models.predict_picture import AT_ONCE, predict_pictures
from models.task import Task

MOST = 1000


@dataclass(frozen=True)
class Row:
    """What came of one picture: ``answer`` with its probability, or none and a ``note`` that says why."""

    file: str
    answer: str
    probability: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass
class Batch:
    """The pictures of a ZIP on their way; ``rows`` are those that have been answered, in the order of the ZIP."""

    files: Files
    names: Sequence[str]
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def of_zip(cls, raw: bytes) -> "Batch":
        """Return the batch in a ZIP; raises NotAPicture with one sentence where it is none, empty or too large."""
        files = Files.of_zip(raw)
        if not files.read:
            raise NotAPicture("There is no picture in it.")
        if len(files.read) > MOST:
            raise NotAPicture(f"The ZIP holds {len(files.read):,} files; {MOST:,} pictures at a time are the most.")
        return cls(files, tuple(files.read))

    @property
    def left(self) -> int:
        """How many pictures wait."""
        return len(self.names) - len(self.rows)


def answer_next(batch: Batch, task: Task, *, version_id: int) -> None:
    """Answer the next few pictures of a batch and add their rows.

    Raises
    ------
    models.versions.VersionError
        As models.predict.predict does.
    """
    assert task.pictures is not None
    some = batch.names[len(batch.rows) : len(batch.rows) + AT_ONCE]
    rows: dict[str, Row] = {}
    pictures: dict[str, Picture] = {}
    for name in some:
        try:
            pictures[name] = read_picture(batch.files.read[name](), task.pictures)
        except NotAPicture as error:
            rows[name] = Row(name, NO_ANSWER, note=str(error))
    answers = predict_pictures(task, list(pictures.values()), explain=False, version_id=version_id)
    for name, answer in zip(pictures, answers, strict=True):
        found = answer.prediction
        rows[name] = _row(name, found) if found else Row(name, NO_ANSWER, note=answer.refusal)
    batch.rows.extend(rows[name] for name in some)


def _row(name: str, found: Prediction) -> Row:
    """Return an answer as a row; of two classes with the chance of the second, of more with that of the answer."""
    return Row(name, found.answer, found.probability, found.low, found.high, " ".join(found.warnings))
