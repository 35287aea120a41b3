"""Many pictures in a ZIP, answered a few at a time: one row each, also for those that cannot be read or are refused.

Only the rows stay in memory, so that a thousand pictures need no more than ten.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import pandas as pd

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
class PictureBatch:
    """The pictures of a ZIP on their way; ``rows`` are those that have been answered, in the order of the ZIP."""

    files: Files
    names: Sequence[str]
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def of_zip(cls, raw: bytes) -> "PictureBatch":
        """Return the batch in a ZIP; raises NotAPicture with one sentence where it is none, empty or too large."""
        files = Files.of_zip(raw)
        if not files.read:
            raise NotAPicture("There is no picture in it.")
        if len(files.read) > MOST:
            raise NotAPicture(f"The ZIP holds {len(files.read):,} files; {MOST:,} pictures at a time are the most.")
        return cls(files, tuple(files.read))

    @property
    def total(self) -> int:
        """How many pictures there are."""
        return len(self.names)

    @property
    def left(self) -> int:
        """How many pictures wait."""
        return self.total - len(self.rows)

    def answer_next(self, task: Task, *, version_id: int) -> None:
        """Answer the next few pictures and add their rows; after the last, let go of the ZIP.

        Raises
        ------
        models.versions.VersionError
            As models.predict.predict does.
        """
        assert task.pictures is not None
        some = self.names[len(self.rows) : len(self.rows) + AT_ONCE]
        rows: dict[str, Row] = {}
        pictures: dict[str, Picture] = {}
        for name in some:
            try:
                pictures[name] = read_picture(self.files.read[name](), task.pictures)
            except NotAPicture as error:
                rows[name] = Row(name, NO_ANSWER, note=str(error))
        answers = predict_pictures(task, list(pictures.values()), explain=False, version_id=version_id)
        for name, answer in zip(pictures, answers, strict=True):
            found = answer.prediction
            rows[name] = _row(name, found) if found else Row(name, NO_ANSWER, note=answer.refusal)
        self.rows.extend(rows[name] for name in some)
        if not self.left:
            self.files = Files({})

    def table(self) -> pd.DataFrame:
        """Return a line for each picture that has been answered, with the columns of Row."""
        return pd.DataFrame([asdict(row) for row in self.rows])


def _row(name: str, found: Prediction) -> Row:
    """Return an answer as a row; of two classes with the chance of the second, of more with that of the answer."""
    return Row(name, found.answer, found.probability, found.low, found.high, " ".join(found.warnings))
