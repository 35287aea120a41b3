"""Which pictures an image task refuses: held-out ones of its own, and foreign ones.

Foreign are held-out pictures of the tasks that look at something else, photographs from scikit-learn in colour and in
grey, and drawings: black, white, noise, a ramp, a chessboard. Each is brought to the size of the task as an upload is;
reading a file takes no part.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.intake.pictures import finished
from data.partition import hold_out
from models.few_rows import share
from models.registry import get_task
from models.sources import judge, kinds
from models.task import Task

OWN, OF_EACH, CROPS = 150, 40, 20


def refusals(task: Task, others: Sequence[str]) -> dict[str, Any]:
    """Return of own and of foreign pictures how many are refused, with Wilson's 95 % interval, and of what."""
    public = task.public()
    own = public.x[_some(hold_out(public).heldout, OWN)]
    found: dict[str, Any] = {"own": _refused(task, list(own))}
    foreign = {name: list(pictures) for name, pictures in _foreign(task, others)}
    found["kinds"] = {name: _refused(task, pictures) for name, pictures in foreign.items()}
    found["foreign"] = _refused(task, [picture for pictures in foreign.values() for picture in pictures])
    return found


def _some(rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    some: NDArray[np.intp] = rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
    return some


def _refused(task: Task, pictures: list[NDArray[np.uint8]]) -> dict[str, Any]:
    assert task.pictures is not None
    seen = [finished(picture, task.pictures) for picture in pictures]
    verdicts = judge(task, np.stack([each.pixels for each in seen]), [each.coloured for each in seen], kinds())
    refused = sum(bool(verdict.refusal) for verdict in verdicts)
    score = share(refused, len(seen))
    return {"refused": refused, "n": len(seen), "share": score.value, "low": score.low, "high": score.high}


def _foreign(task: Task, others: Sequence[str]) -> Iterator[tuple[str, Sequence[NDArray[np.uint8]]]]:
    from sklearn.datasets import load_sample_images

    shown = kinds()
    for name in others:
        if shown[name] != shown[task.name]:
            public = get_task(name).public()
            yield name, list(public.x[_some(hold_out(public).heldout, OF_EACH)])
    rng = np.random.default_rng(0)
    photographs = []
    for picture in load_sample_images().images:
        for top, left in rng.integers(0, (picture.shape[0] - 224, picture.shape[1] - 224), (CROPS, 2)):
            photographs.append(picture[top : top + 224, left : left + 224])
    yield "photographs in colour", photographs
    yield "photographs in grey", [picture.mean(axis=2).astype(np.uint8) for picture in photographs]
    ramp = np.broadcast_to(np.arange(224, dtype=np.uint8), (224, 224))
    board = (np.indices((224, 224)).sum(axis=0) // 28 % 2 * 255).astype(np.uint8)
    noise = list(rng.integers(0, 256, (5, 224, 224), dtype=np.uint8))
    yield "drawings", [np.zeros_like(ramp), np.full_like(ramp, 255), ramp, ramp.T, board, *noise]
