"""What training adapters over the base of language tasks takes: memory of all processes, and time of a step.

Layers are kept for their gradients, or computed again (MEDHIVE_LANGUAGE_CHECKPOINTING). Memory is that of a whole run,
``python -m fl run``, whose processes are looked at five times a second; the time of a step is measured in turns in this
process.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.process import observe
from fl.local import FlatNetwork, Recipe, loss_of, train
from fl.sites import public_rows
from models.language import smollm2
from models.language.adapted import Adapted
from models.language.base import base
from models.language.lora import Lora
from models.registry import get_task
from settings import ROOT, get_settings

TASK = "medical_qa"
SITES, STEPS, BATCH = 2, 2, 4
WAYS = (("in-process", False), ("ray", False), ("ray", True))
_WORDS = {"in-process": "one process", "ray": "two actors"}
_PATIENCE = 3600.0  # s


def measure(repeats: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the memory of a short run for each of WAYS, and the processor's seconds of ``repeats`` steps of each kind.

    Raises
    ------
    data.public.DataMissing
        When base or questions are not on this machine.
    RuntimeError
        When a run fails; holds its last line.
    """
    found: dict[str, Any] = {"base": base().name, "sites": SITES, "runs": []}
    for executor, again in WAYS:
        found["runs"].append({"executor": executor, "again": again, "pss_mb": _memory(executor, again)})
        say(line_of(found["runs"][-1]))
    kept_s, again_s = _steps(repeats)
    found |= {"kept_s": kept_s, "again_s": again_s, "ratio": float(np.median(again_s) / np.median(kept_s))}
    say(line_of_step(found))
    return found


def line_of(run: dict[str, Any]) -> str:
    """Return what a run held, as a line."""
    how = "layers computed again" if run["again"] else "layers kept"
    return f"{_WORDS[run['executor']]}, {SITES} sites, {how}: {run['pss_mb'] / 1000:.2f} GB at most"


def line_of_step(found: dict[str, Any]) -> str:
    """Return what a step costs, as a line."""
    kept, again = (float(np.median(found[name])) for name in ("kept_s", "again_s"))
    step = f"a step of {BATCH} answers: {kept:.2f} s of the processor, {again:.2f} s with layers computed again"
    return f"{step}, {found['ratio']:.2f} ×; n = {len(found['kept_s'])}"


def _memory(executor: str, again: bool) -> int:
    settings = get_settings()
    command = [sys.executable, "-m", "fl", "run", "--task", TASK, "--sites", str(SITES), "--partition", "iid"]
    command += ["--rounds", "1", "--steps", str(STEPS), "--executor", executor, "--no-mlflow"]
    with tempfile.TemporaryDirectory() as folder:
        told = {
            "PYTHONPATH": str(ROOT),
            "MEDHIVE_HOME": str(Path(folder) / "home"),
            "MEDHIVE_DATASETS": str(settings.datasets.absolute()) if settings.datasets else "",
            "MEDHIVE_LANGUAGE_MODEL": settings.language_model or str(smollm2.folder().absolute()),  # converted already
            "MEDHIVE_LANGUAGE_CHECKPOINTING": str(int(again)),
        }
        seen = observe(command, told, Path(folder), _PATIENCE)
    if seen.code:
        raise RuntimeError(f"a run with {_WORDS[executor]} ended with {seen.code}: {seen.last_words}")
    return round(seen.pss_mb)


def _steps(repeats: int) -> tuple[list[float], list[float]]:
    """Return the processor's seconds of steps on the same answers, after one that warms up; layers kept, and not."""
    task, rows = get_task(TASK), public_rows(TASK, "training")
    x = torch.from_numpy(task.encode(rows.x[: BATCH * (repeats + 1)]))
    networks = [
        FlatNetwork(Adapted(base(), Lora.of_settings(), checkpointing=kind), loss_of(task)) for kind in (False, True)
    ]
    start, recipe = networks[0].take(), Recipe(1, BATCH, task.training.learning_rate)
    seconds: tuple[list[float], list[float]] = ([], [])
    for number, some in enumerate(x.split(BATCH)):  # type: ignore[no-untyped-call]  # torch does not say
        for kind in (0, 1) if number % 2 else (1, 0):
            began = time.process_time()
            train(networks[kind], some, torch.zeros(len(some)), start, recipe, seed=number)
            if number:
                seconds[kind].append(time.process_time() - began)
    return seconds
