"""How runs bear that processes are killed: ``python -m benchmarks kills --points 50 --json FILE``.

Each point is one run. At a random moment of it the worker, one of Ray's actors or the whole app is killed with -9. The
run must end by itself, with the bit-identical model of an undisturbed run, and repeat at most one round.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.killing import Kill, Target, house, kill_once, undisturbed
from data.database import migrate
from fl.request import RunRequest
from settings import get_settings

SHORT = RunRequest("breast_cancer", sites=6, rounds=120, benefit=False, executor="in-process", seed=3)
BENEFIT = RunRequest("breast_cancer", sites=6, rounds=40, benefit=True, executor="in-process", seed=4)
RAY = RunRequest("breast_cancer", sites=6, rounds=60, benefit=False, executor="ray", seed=3)
KILLED: list[tuple[Target, RunRequest]] = [("actor", RAY), ("worker", SHORT), ("worker", BENEFIT), ("app", SHORT)]
PORT = 8799


def measure(points: int, seed: int = 0) -> dict[str, Any]:
    """Kill during ``points`` runs, one kind after the other, and return every kill with a summary."""
    chance = random.Random(seed)  # noqa: S311  moments, not secrets
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MEDHIVE_HOME"] = folder
        get_settings.cache_clear()
        migrate()
        kills = list(_kills(points, chance, Path(folder)))
    by_target = {target: [kill for kill in kills if kill.target == target] for target in ("worker", "actor", "app")}
    summary = {
        target: {
            "points": sum(kill.in_time for kill in own),
            "after_the_end": sum(not kill.in_time for kill in own),
            "done_and_bit_identical": sum(kill.same for kill in own if kill.in_time),
            "most_rounds_repeated": max((kill.again for kill in own), default=0),
        }
        for target, own in by_target.items()
    }
    return {"summary": summary, "kills": [asdict(kill) for kill in kills]}


def _kills(points: int, chance: random.Random, home: Path) -> Iterator[Kill]:
    app = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(PORT), "--server.headless", "true"]
    with house(app, home / "app.log") as installed:
        usual = {request.plan: undisturbed(request) for _, request in KILLED for _ in range(2)}  # the second is warm
        number = 0
        while number < points:
            target, request = KILLED[number * len(KILLED) // points]
            wanted, seconds = usual[request.plan]
            began = time.monotonic()
            kill = kill_once(installed, request, target, wanted=wanted, seconds=seconds, chance=chance)
            took = time.monotonic() - began
            said = f"{kill.moment:6.2f} s, round {kill.round:3}, {kill.again} repeated, {took:5.1f} s  {kill.trouble}"
            print(f"{number + 1:3}  {target:6}  {'same' if kill.same else 'WRONG'}  {said}", flush=True)
            number += kill.in_time  # one that came after the run's end says nothing
            yield kill
