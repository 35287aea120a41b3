"""How long a person waits for an answer: in a new process, as a single command needs, and with the model kept warm."""

import statistics
import subprocess
import sys
import time
from typing import Any

from models.language.base import base
from models.language.writing import pieces
from models.registry import get_task
from settings import ROOT

TASK = "medical_qa"
QUESTIONS = ("What are the symptoms of gout?", "How is asthma treated?", "What causes anaemia?")
TOKENS = 32  # of an answer

Times = tuple[float, float]  # seconds to the first word, and to the end


def speed(asked: int) -> dict[str, Any]:
    """Return seconds of an answer in a new process, and the medians of ``asked`` warm ones; as many tokens each."""
    cold, warm = _cold(), _warm(asked)
    first, whole = (statistics.median(each[at] for each in warm) for at in (0, 1))
    return {
        "tokens": TOKENS,
        "cold_first": cold[0],
        "cold": cold[1],
        "warm_first": first,
        "warm": whole,
        "times_first": cold[0] / first,
        "times": cold[1] / whole,
        "values": [list(each) for each in warm],
    }


def _cold() -> Times:
    began = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.report.cold", QUESTIONS[0], str(TOKENS)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        told = {line.strip(): time.perf_counter() - began for line in process.stdout}
    if process.returncode or "done" not in told:
        raise RuntimeError("the process that answers once failed")
    return told.get("first", told["done"]), told["done"]


def _warm(asked: int) -> list[Times]:
    network = get_task(TASK).network().eval()
    tokenizer, found = base().tokenizer, []
    for number in range(asked + 1):  # the first one warms up
        began, first = time.perf_counter(), 0.0
        for _ in pieces(network.model, tokenizer, QUESTIONS[number % len(QUESTIONS)], TOKENS):  # type: ignore[arg-type]  # nn.Module types members so
            first = first or time.perf_counter() - began
        whole = time.perf_counter() - began
        found.append((first or whole, whole))
    return found[1:]
