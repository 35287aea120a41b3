"""Who is measured: MedHive's executors, the plain loop, and other simulators."""

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import python_of, version_of
from settings import ROOT

EXECUTORS = ("auto", "in-process", "vectorised", "ray", "flower")  # of MedHive, as far as they need no other machine


@dataclass(frozen=True)
class Contender:
    """One system.

    Parameters
    ----------
    name : on the command line and in the figures.
    title : in the table.
    module : in benchmarks.systems; an executor's name for MedHive itself.
    peer : whether it has an environment of its own.
    threads : of PyTorch in one process.
    """

    name: str
    title: str
    module: str
    peer: bool = False
    threads: int = 1

    def command(self, workload: str, environments: Path) -> list[str]:
        """Return the command that trains ``workload``.

        Raises
        ------
        benchmarks.environments.NotInstalled
            With one line that says why.
        """
        if self.module in EXECUTORS:
            return medhive(self.module, workload)
        python = python_of(self.module, environments) if self.peer else Path(sys.executable)
        return [str(python), "-m", f"benchmarks.systems.{self.module}"]

    @property
    def version(self) -> str | None:
        """The exact version of a peer."""
        return version_of(self.module) if self.peer else None


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("plain", "plain PyTorch loop", "plain"),
        Contender("plain2", "plain PyTorch loop, two threads", "plain", threads=2),
        Contender("in-process", "MedHive, in process", "in-process"),
        Contender("vectorised", "MedHive, vectorised", "vectorised"),
        Contender("ray", "MedHive, two Ray actors", "ray"),
        Contender("flower", "MedHive's apps on stock Flower", "flower"),
        Contender("pfl", "pfl-research", "pfl", peer=True),
        Contender("fluke", "fluke", "fluke", peer=True),
        Contender("openfl", "OpenFL", "openfl", peer=True),
        Contender("nvflare", "NVIDIA FLARE", "nvflare", peer=True),
    )
}


def medhive(executor: str, task: str, fraction: float = 1.0) -> list[str]:
    """Return the command that trains ``task`` with MedHive's own engine."""
    return [sys.executable, "-m", "benchmarks.systems.medhive", executor, task, str(fraction)]


def surroundings(threads: int) -> dict[str, str]:
    """Return what every measured process finds in its environment."""
    return {
        "PYTHONPATH": str(ROOT),
        "BENCHMARK_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "METAFLOW_USER": "benchmark",  # OpenFL's flows want a user's name
    }
