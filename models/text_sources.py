"""Whether a text is of the kind that a task's model learnt from: if not, there is no answer but a sentence.

The distance of a text is one minus the cosine between its sentence vector and the nearest mean vector of a class among
the training texts. Beyond the 95 % quantile of the calibration texts it is unlike the training texts; beyond one and a
half times that, there is no answer. Constants lie in ``text_sources.safetensors`` beside this file;
``python -m models sources`` makes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from data.partition import hold_out
from data.table import Dataset, FloatArray
from data.texts import unpack_texts
from models.task import Task
from rag.embedding import embed

FILE = Path(__file__).with_name("text_sources.safetensors")
FAR = 1.5  # times the 95 % quantile


@dataclass(frozen=True)
class TextSource:
    """What the training texts of a task have in common: (k, 384) mean vectors of the classes, and the 95 % quantile."""

    means: FloatArray
    limit: float


def text_source_of(public: Dataset) -> TextSource:
    """Return what the training texts have in common, with the limit from the calibration texts."""
    split = hold_out(public)
    rows, y = embed(unpack_texts(public.x[split.training])), public.y[split.training]
    means = np.stack([rows[y == k].mean(axis=0) for k in range(int(public.y.max()) + 1)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    away = 1 - (embed(unpack_texts(public.x[split.calibration])) @ means.T).max(axis=1)
    return TextSource(means.astype(np.float32), float(np.quantile(away, 0.95)))


@cache
def text_sources() -> dict[str, TextSource]:
    """Return the constants of all text tasks, by task."""
    from safetensors.numpy import load_file

    found = load_file(FILE)
    names = sorted({name.partition(".")[0] for name in found})
    return {name: TextSource(found[f"{name}.means"], float(found[f"{name}.limit"][0])) for name in names}


def write_text_sources(known: dict[str, TextSource]) -> None:
    """Write the constants of all text tasks."""
    from safetensors.numpy import save_file

    tensors = {}
    for name, source in known.items():
        tensors[f"{name}.means"] = np.ascontiguousarray(source.means)
        tensors[f"{name}.limit"] = np.array([source.limit])
    save_file(tensors, FILE)
    text_sources.cache_clear()


def strangeness(task: Task, texts: Sequence[str]) -> list[float]:
    """Return how far each text is from those that the model learnt from: 1 is as far as 19 of 20 of them keep to."""
    known = text_sources().get(task.name)
    if known is None or not texts:
        return [0.0] * len(texts)
    away = 1 - (embed(texts) @ known.means.T).max(axis=1)
    return [float(each) / known.limit for each in away]
