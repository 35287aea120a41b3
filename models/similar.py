"""The training cases of public data that are most like a record, where their licence lets single cases be shown.

Likeness is nearness of the model's standardised inputs; for a picture these are the features that its network gets.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.partition import hold_out
from data.public import DataMissing
from models.encoding import Check, encoded, kept
from models.task import Task
from models.versions import load_model

COUNT = 3
MOST = 600  # cases that are encoded to be looked through: a picture takes some 20 to 60 ms, once an installation


class NoCases(Exception):
    """No case may or can be shown; the message is one sentence that says why."""


@dataclass(frozen=True)
class Case:
    """A training case.

    Parameters
    ----------
    x : (d,) inputs in the schema's units, NaN where missing, a (side, side[, 3]) uint8 picture, or a packed text.
    label : its class.
    distance : root mean square difference of the standardised inputs; 0 is the same, 1 a standard deviation in each.
    """

    x: NDArray[Any]
    label: int
    distance: float


@dataclass(frozen=True)
class Similar:
    """The cases, nearest first, among how many they were looked for, and where those come from."""

    cases: tuple[Case, ...]
    among: int
    source: str


def why_none(task: Task) -> str:
    """Return a sentence where the cases of a task are not shown, "" where they may be."""
    if task.synthetic_only:
        return "The model learnt from generated rows, so there are no training cases to show."
    if task.signal:
        return "An ECG is answered beat by beat: no training case is like a whole recording, so none is shown."
    if task.adapts:
        return "The model reads a text word by word, not as inputs that could be near to a case's, so none is shown."
    if not task.shows_cases:
        return f"Single cases of the public data are not shown; their licence: {task.licence}."
    return ""


def similar_cases(task: Task, version_id: int, x: NDArray[Any], *, check: Check = lambda *_: None) -> Similar:
    """Return the COUNT cases that are most like ``x``.

    Where cases need encoding, features of all that a run has kept serve; else MOST cases, whose features are kept.

    Parameters
    ----------
    x : as in Case.
    check : as in models.encoding.encoded.

    Raises
    ------
    NoCases
        When the licence does not permit it, or the public data are not here.
    models.versions.VersionError
        As models.predict.predict does.
    """
    if why := why_none(task):
        raise NoCases(why)
    model = load_model(version_id)
    try:
        public = task.public()
    except DataMissing as error:
        raise NoCases(f"The training cases are not shown. {error}") from None
    training = hold_out(public).training
    whole = kept(task, public)
    if whole is None and len(training) > MOST:
        training = training[np.linspace(0, len(training) - 1, MOST).astype(int)]
    cases = public.take(training)
    features = encoded(task, cases, keep=True, check=check).x if whole is None else whole.x[training]
    known = model.preparation(task, features)
    asked = model.preparation(task, task.encode(x[None]) if task.encoder else x[None])
    distances = np.sqrt(np.square(known - asked).mean(axis=1))
    nearest = np.argsort(distances, kind="stable")[:COUNT]
    return Similar(
        tuple(Case(cases.x[at], int(cases.y[at]), float(distances[at])) for at in nearest), len(cases), cases.source
    )
