"""A language model examined on what nobody trained on: what answers cost it, what it writes, and what it chooses.

Loss and perplexity are of the held-out answers that judge every round. What it writes is held against the reference:
ROUGE-L, the angle between sentence vectors, and the part of its sentences that the reference backs. A choice is the
answer of four that costs least a token. Intervals draw whole answers or questions again.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.partition import hold_out
from data.table import Dataset
from data.texts import unpack
from models.language.adapted import Adapted
from models.language.backing import backed_by_reference
from models.language.base import base
from models.language.likeness import mean_interval, rouge_l, similarity
from models.language.tokens import as_tokens
from models.language.writing import write
from models.metrics import Interval
from models.task import Task
from models.token_metrics import row_losses, token_differences, token_intervals

TOKENS = 48  # of an answer that is written to be held against the reference
CHOICES = "choices.jsonl"  # in the task's folder

Array = NDArray[np.float64]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Choice:
    """A question with the right answer and wrong ones."""

    question: str
    right: str
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Paper:
    """What all models of an examination are asked.

    Parameters
    ----------
    rows : held-out answers, encoded.
    asked, wanted, hospitals : questions to write an answer to, the reference, and whose they are.
    choices : questions to choose at.
    """

    rows: Dataset
    asked: tuple[str, ...]
    wanted: tuple[str, ...]
    hospitals: tuple[str, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Marks:
    """What one model got, answer by answer.

    Parameters
    ----------
    outputs : (n, 2) cost and tokens of each held-out answer.
    written : measure → (m,) values, NaN where a model wrote no sentence.
    chosen : (k,) 1 for the right choice.
    """

    outputs: Array
    written: Mapping[str, Array]
    chosen: Array


def choices(task: Task) -> tuple[Choice, ...]:
    """Return the questions to choose at that come with ``task``; none where there is no such file."""
    path = task.folder / CHOICES
    return _choices(path) if path.exists() else ()


@lru_cache(maxsize=4)
def _choices(path: Path) -> tuple[Choice, ...]:
    entries = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return tuple(Choice(each["question"], each["right"], tuple(each["wrong"])) for each in entries)


def paper(task: Task, written: int) -> Paper:
    """Return the examination of ``task`` with ``written`` questions of each hospital to write an answer to."""
    from models.comparison import heldout_rows

    public = task.public()
    heldout = task.scored(public.take(hold_out(public).heldout))
    hospitals = heldout.natural_sites or ("all",) * len(heldout)
    places: list[int] = []
    for name in dict.fromkeys(hospitals):
        places += [place for place, own in enumerate(hospitals) if own == name][:written]
    pairs = unpack(heldout.x)
    return Paper(
        heldout_rows(task),
        tuple(pairs[place][0] for place in places),
        tuple(pairs[place][1] for place in places),
        tuple(hospitals[place] for place in places),
        choices(task),
    )


def sit(network: Adapted, asked: Paper, say: Say) -> Marks:
    """Let a model sit the examination."""
    network.eval()
    tokenizer, rows = base().tokenizer, asked.rows
    with torch.inference_mode():
        outputs = network(torch.from_numpy(rows.x)).numpy().astype(np.float64)
    said = []
    for number, question in enumerate(asked.asked, 1):
        said.append(write(network.model, tokenizer, question, TOKENS))
        say(f"answer {number} of {len(asked.asked)}")
    return Marks(outputs, _against(said, asked), _chosen(network, asked.choices))


def _against(said: Sequence[str], asked: Paper) -> dict[str, Array]:
    if not said:
        return {}
    pairs = list(zip(said, asked.wanted, asked.asked, strict=True))
    return {
        "rouge_l": np.array([rouge_l(one, _as_long(one, other)) for one, other, _ in pairs]),
        "similarity": similarity(said, asked.wanted),
        "supported": np.array([backed_by_reference(question, other, one).part for one, other, question in pairs]),
    }


def _as_long(said: str, wanted: str) -> str:
    """Return the beginning of the reference, twice as long as what was written at most: that was cut, too."""
    words = wanted.split()
    return " ".join(words[: max(20, 2 * len(said.split()))])


def _chosen(network: Adapted, asked: Sequence[Choice]) -> Array:
    if not asked:
        return np.zeros(0)
    pairs = [(each.question, answer) for each in asked for answer in (each.right, *each.wrong)]
    with torch.inference_mode():
        costs = row_losses(network(torch.from_numpy(as_tokens(base().tokenizer, pairs))).numpy())
    right, at = [], 0
    for each in asked:
        own = costs[at : at + 1 + len(each.wrong)]
        right.append(float(own.argmin() == 0))
        at += len(own)
    return np.array(right)


def report(asked: Paper, ours: Marks, before: Marks) -> dict[str, Any]:
    """Return all figures as JSON: of the model, of the base, and how they differ on the same answers."""
    return {
        "n": {"held_out": len(asked.rows), "written": len(asked.asked), "choices": len(asked.choices)},
        "model": _figures(asked, ours),
        "base": _figures(asked, before),
        "difference": {
            **_as_json(token_differences(ours.outputs, before.outputs)),
            **_as_json({name: _mean(ours.written[name] - before.written[name]) for name in ours.written}),
            **_as_json({"choice": _mean(ours.chosen - before.chosen)} if len(ours.chosen) else {}),
        },
    }


def _figures(asked: Paper, marks: Marks) -> dict[str, Any]:
    found = token_intervals(marks.outputs, asked.rows.natural_sites)
    for name, values in marks.written.items():
        found[name] = _mean(values)
        for hospital in dict.fromkeys(asked.hospitals):
            mine = np.array([own == hospital for own in asked.hospitals])
            found[f"{name} at {hospital}"] = _mean(values[mine])
    if len(marks.chosen):
        found["choice"] = _mean(marks.chosen)
    return _as_json(found)


def _mean(values: Array) -> Interval:
    known = values[np.isfinite(values)]
    return mean_interval(known) if len(known) else Interval(float("nan"), float("nan"), float("nan"))


def _as_json(found: Mapping[str, Interval]) -> dict[str, Any]:
    return {name: interval.as_json() for name, interval in found.items()}
