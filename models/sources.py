"""Whether a picture is of the kind that a task's model learnt from: if not, there is no answer but a sentence.

The distance of a picture is one minus the cosine between its frozen features (means after blocks 10 and 14, 304
numbers) and the mean feature vector of the task's training pictures. Beyond the 95 % quantile of the calibration
pictures it is unlike the training source; beyond one and a half times that, or nearer to the pictures of another kind,
there is no answer. Constants lie in ``sources.safetensors`` beside this file; ``python -m models sources`` makes them.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.intake.pictures import Picture
from data.partition import hold_out
from data.table import Dataset, FloatArray
from models.task import Task

FILE = Path(__file__).with_name("sources.safetensors")
FAR = 1.5  # times the 95 % quantile; `python -m benchmarks hive` counts who is farther away
_SEEN = 112  # pixels
_SMALL = 16  # pixels of the mean picture, to which light and dark are compared
_FLAT = 4.0  # standard deviation of grey values under which a picture shows nothing
_MOST = 150  # pictures of each part that the constants rest on


@dataclass(frozen=True)
class Source:
    """What the training pictures of a task have in common.

    Parameters
    ----------
    mean : (304,) features.
    limit : 95 % quantile of the distance of calibration pictures.
    picture : (256,) mean picture of 16 × 16 pixels, centred.
    """

    mean: FloatArray
    limit: float
    picture: FloatArray


@dataclass(frozen=True)
class Verdict:
    """``refusal`` is a sentence for a picture that gets no answer, else ""; ``warning`` for one that is unusual."""

    refusal: str = ""
    warning: str = ""
    distance: float = 0.0


def looks(pictures: NDArray[Any]) -> FloatArray:
    """Return the (n, 304) features, each row of length 1."""
    import torch

    from models.backbone import as_input, maps_of

    torch.set_num_threads(1)
    found = []
    with torch.inference_mode():
        for start in range(0, len(pictures), 16):
            maps = maps_of(as_input(pictures[start : start + 16], _SEEN))[1:]
            found.append(torch.cat([m.mean((2, 3)) for m in maps], 1).numpy())
    rows = np.concatenate(found)
    unit: FloatArray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def small(pictures: NDArray[Any]) -> FloatArray:
    """Return (n, 256) pictures of 16 × 16 grey pixels, each with mean 0 and length 1."""
    import torch
    from torch.nn.functional import interpolate

    grey = pictures.mean(axis=3) if pictures.ndim == 4 else pictures
    pixels = torch.from_numpy(np.ascontiguousarray(grey, dtype=np.float32)).unsqueeze(1)
    flat = interpolate(pixels, size=(_SMALL, _SMALL), mode="area").flatten(1).numpy()
    flat = flat - flat.mean(axis=1, keepdims=True)
    unit: FloatArray = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return unit


def source_of(public: Dataset) -> Source:
    """Return what the training pictures have in common, with the limit from the calibration pictures."""
    split = hold_out(public)
    parts = (split.training, split.calibration)
    training, calibration = (public.take(part[:: max(1, len(part) // _MOST)]) for part in parts)
    rows = looks(training.x)
    mean = rows.mean(axis=0)
    mean /= np.linalg.norm(mean)
    limit = float(np.quantile(1 - looks(calibration.x) @ mean, 0.95))
    return Source(mean.astype(np.float32), limit, small(training.x).mean(axis=0).astype(np.float32))


@cache
def sources() -> dict[str, Source]:
    """Return the constants of all image tasks, by task."""
    from safetensors.numpy import load_file

    found = load_file(FILE)
    names = sorted({name.partition(".")[0] for name in found})
    return {
        name: Source(found[f"{name}.mean"], float(found[f"{name}.limit"][0]), found[f"{name}.picture"])
        for name in names
    }


def write_sources(known: dict[str, Source]) -> None:
    """Write the constants of all image tasks."""
    from safetensors.numpy import save_file

    tensors = {}
    for name, source in known.items():
        tensors[f"{name}.mean"] = np.ascontiguousarray(source.mean)
        tensors[f"{name}.limit"] = np.array([source.limit])
        tensors[f"{name}.picture"] = np.ascontiguousarray(source.picture)
    save_file(tensors, FILE)
    sources.cache_clear()


def judge(task: Task, pictures: NDArray[np.uint8], coloured: list[bool], kinds: dict[str, str]) -> list[Verdict]:
    """Return for each of (n, side, side[, 3]) pictures whether it is of the task's kind.

    Parameters
    ----------
    coloured : whether each file had colours.
    kinds : task → what its pictures show, in words.
    """
    known = sources()
    if task.name not in known or not len(pictures):
        return [Verdict() for _ in pictures]
    own, features, light = known[task.name], looks(pictures), small(pictures)
    others = {kinds[name]: s for name, s in known.items() if name in kinds and kinds[name] != kinds[task.name]}
    return [
        _judge(task, own, others, row, picture, float(dot), colour)
        for row, picture, dot, colour in zip(features, pictures, light @ own.picture, coloured, strict=True)
    ]


def _judge(
    task: Task,
    own: Source,
    others: dict[str, Source],
    row: FloatArray,
    picture: NDArray[np.uint8],
    alike: float,
    coloured: bool,
) -> Verdict:
    assert task.pictures is not None
    kind = task.pictures.kind
    if float(picture.std()) < _FLAT:
        return Verdict(refusal="This picture shows next to nothing: nearly all of its pixels are of one grey.")
    if coloured and not task.pictures.colour:
        return Verdict(refusal=f"This is a coloured picture, so it is not {kind}; the model gives no answer.")
    distance = float(1 - row @ own.mean) / own.limit
    for other, source in others.items():
        if float(row @ source.mean) > float(row @ own.mean) and float(1 - row @ source.mean) < 2 * source.limit:
            return Verdict(f"This looks like {other}, not like {kind}; the model gives no answer.", "", distance)
    if distance > FAR:
        return Verdict(
            f"This does not look like {kind} as the model knows them: it may show something else, or come from another "
            "device or in another resolution. The model gives no answer.",
            "",
            distance,
        )
    if alike < -0.2 * float(np.linalg.norm(own.picture)):
        return Verdict("Light and dark look swapped in this picture; invert it and try again.", "", distance)
    if distance > 1:
        return Verdict(
            "", "This picture is unlike those that the model learnt from, so its answer may be far off.", distance
        )
    return Verdict(distance=distance)


def judge_picture(task: Task, picture: Picture) -> Verdict:
    """Return whether one picture is of the task's kind."""
    return judge(task, picture.pixels[None], [picture.coloured], kinds())[0]


@cache
def kinds() -> dict[str, str]:
    """Return what the pictures of each image task show."""
    from models.registry import tasks

    return {name: task.pictures.kind for name, task in tasks().items() if task.pictures is not None}
