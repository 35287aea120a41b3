"""``python -m benchmarks fl``: MedHive's executors, the plain loop and other simulators on the same computation.

Everything is paired: in every repeat all systems run a workload one after the other, forwards and backwards in turn,
each as a process of its own from a cold start. The first repeat warms the disk's caches and does not count.
"""

import os
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.contenders import Contender, surroundings
from benchmarks.environments import NotInstalled, python_of
from benchmarks.figures import Figures, ends_of_rounds, median, warm_round
from benchmarks.process import Observed, observe
from settings import ROOT, get_settings

WORKLOADS = ("mlp", "cnn", "many", "head")
TASKS = Path(__file__).parent / "workloads"
PATIENCE = 300.0  # seconds that one command may take


class Failed(Exception):
    """A measured command ended without what was asked of it; the message is one line."""


@dataclass
class Findings:
    """What came of the measurements.

    Parameters
    ----------
    measured : workload → system → medians.
    missing : workload → system → why it has no figures.
    """

    measured: dict[str, dict[str, Figures]] = field(default_factory=dict)
    missing: dict[str, dict[str, str]] = field(default_factory=dict)


def know_workloads() -> None:
    """Make the workloads tasks of this process and of those it starts."""
    os.environ["MEDHIVE_TASKS"] = str(TASKS)
    get_settings.cache_clear()
    os.environ["MEDHIVE_HOME"] = str(get_settings().home)  # measured processes stand in another folder
    if datasets := get_settings().datasets:
        os.environ["MEDHIVE_DATASETS"] = str(datasets.resolve())


def measure(
    workloads: Sequence[str],
    systems: Sequence[Contender],
    repeats: int,
    *,
    warm_up: bool,
    environments: Path,
    step: Callable[[str, str], None],
    tell: Callable[[str], None],
) -> Findings:
    """Return medians of all systems at all workloads.

    Parameters
    ----------
    environments : folder with the peers' environments, made where they are missing.
    step : called with workload and system before every run.
    tell : called with a line about a system that cannot be measured.

    Raises
    ------
    fl.request.RequestError
        When the data of a workload are not there; the message says which and where to get them.
    """
    know_workloads()
    findings = Findings()
    if "head" in workloads:
        compute_features(environments)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        # all of them first, so that data that are not there are missed before half an hour of measuring
        arenas = [Arena(workload, Path(folder, workload)) for workload in workloads]
        for arena in arenas:
            runs, missing = _repeated(arena, systems, repeats + warm_up, environments, step, tell)
            kept = {system.name: runs[system.name] for system in systems if system.name not in missing}
            findings.measured[arena.workload] = {name: median(each[warm_up:]) for name, each in kept.items()}
            findings.missing[arena.workload] = missing
    return findings


def _repeated(
    arena: "Arena",
    systems: Sequence[Contender],
    times: int,
    environments: Path,
    step: Callable[[str, str], None],
    tell: Callable[[str], None],
) -> tuple[dict[str, list[Figures]], dict[str, str]]:
    runs: defaultdict[str, list[Figures]] = defaultdict(list)
    missing: dict[str, str] = {}
    for repeat in range(times):
        for system in systems if repeat % 2 == 0 else list(reversed(systems)):
            step(arena.workload, system.name)
            if system.name in missing:
                continue
            try:
                command = system.command(arena.workload, environments)
                runs[system.name].append(arena.run(command, surroundings(system.threads)))
            except (NotInstalled, Failed) as error:
                missing[system.name] = str(error)
                tell(f"{arena.workload}: no figures for {system.name}: {error}")
    return runs, missing


class Arena:
    """One workload made ready for every system.

    Parameters
    ----------
    workload : name of its task.
    folder : for what processes are given and give back.
    """

    def __init__(self, workload: str, folder: Path) -> None:
        from benchmarks.prepared import preparation_of, request_of, write
        from fl.evaluation import HeldOut
        from models.registry import get_task

        self.workload = workload
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._given = folder / "given.npz"
        write(workload, self._given)
        self._heldout = HeldOut(get_task(workload), preparation_of(request_of(workload)))

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> Figures:
        """Run one command and return its figures.

        Raises
        ------
        Failed
            When it ends without a model.
        """
        with tempfile.TemporaryDirectory(dir=self._folder) as place:
            observed, ends, weights = run(command, {**environment, "BENCHMARK_WORKLOAD": str(self._given)}, Path(place))
        loss, scores = self._heldout.score(weights)
        if loss != loss:
            raise Failed("its model gives no finite scores")
        return Figures(
            round_s=warm_round(ends),
            total_s=observed.seconds,
            first_round_s=ends[0] - observed.began,
            pss_mb=observed.pss_mb,
            loss=loss,
            auc=scores["auc"],
            accuracy=scores["accuracy"],
        )


def run(
    command: Sequence[str], environment: Mapping[str, str], place: Path
) -> tuple[Observed, list[float], "np.ndarray[tuple[int], np.dtype[np.float32]]"]:
    """Run a command of benchmarks.systems in an empty folder; return what was seen, ends of rounds, and weights.

    Raises
    ------
    Failed
        When it ends without a model.
    """
    events, weights = place / "events", place / "weights.npy"
    told = {"BENCHMARK_EVENTS": str(events), "BENCHMARK_WEIGHTS": str(weights), "TMPDIR": str(place)}
    observed = observe(command, {**environment, **told}, place, PATIENCE)
    if observed.code is None:
        raise Failed(f"it did not finish within {PATIENCE:.0f} s")
    if observed.code or not weights.is_file():
        raise Failed(f"it ended with exit code {observed.code}: {observed.last_words}")
    return observed, ends_of_rounds(events.read_text(encoding="utf-8")), np.load(weights)


def compute_features(environments: Path) -> None:
    """Compute the features of the workload head where they are not there yet.

    Raises
    ------
    data.public.DataMissing
        When the images are not there, or the features could not be computed.
    """
    from benchmarks.workloads.head.task import FILE
    from benchmarks.workloads.pictures import read
    from data.public import DataMissing

    file = get_settings().home / FILE
    if file.is_file():
        return
    x, benign = read("breastmnist")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        python = python_of("features", environments)
    except NotInstalled as error:
        raise DataMissing(f"The features of the workload head cannot be computed: {error}.") from None
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images.npz"
        np.savez(images, x=x, y=1 - benign)  # MedMNIST calls malignant 0; here the class that is looked for is 1
        command = [str(python), "-m", "benchmarks.features", str(images), str(file)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise DataMissing(f"The features of the workload head could not be computed: {last}.")
