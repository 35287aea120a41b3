"""The workloads are tasks, and other systems are given the very rows, order and start of MedHive's own run."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import models.tasks
from benchmarks.federated import TASKS
from models import registry
from settings import get_settings


@pytest.fixture(autouse=True)
def known(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The workloads beside the shipped tasks for the length of a test."""
    monkeypatch.setenv("MEDHIVE_TASKS", str(TASKS))
    monkeypatch.setattr(models.tasks, "__path__", list(models.tasks.__path__))
    get_settings.cache_clear()
    yield
    registry._load.cache_clear()


@pytest.mark.parametrize(("name", "sites"), [("many_10", 10), ("many_100", 100), ("many", 1000)])
def test_every_one_of_many_sites_has_eight_rows(name: str, sites: int) -> None:
    from benchmarks.prepared import request_of
    from fl.sites import roster

    assert [site.samples for site in roster(request_of(name))] == [8] * sites


def test_others_are_given_the_rows_of_our_own_run_standardised_over_all_sites(tmp_path: Path) -> None:
    from benchmarks.prepared import request_of, write
    from fl.sites import roster

    write("mlp", tmp_path / "given.npz")

    with np.load(tmp_path / "given.npz") as given:
        assert given["sizes"].tolist() == [site.samples for site in roster(request_of("mlp"))]
        assert given["x"].shape == (sum(given["sizes"]), 30)
        assert np.abs(given["x"].mean(axis=0)).max() < 1e-5
        assert np.abs(given["x"].std(axis=0) - 1).max() < 1e-4
        assert given["seeds"].shape == (20, 10)


@pytest.mark.slow
def test_the_plain_loop_ends_with_the_weights_of_our_own_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.prepared import request_of, write
    from fl.federation import federate
    from fl.watcher import Silent, Stop

    write("mlp", tmp_path / "given.npz")
    for name, file in (("WORKLOAD", "given.npz"), ("EVENTS", "events"), ("WEIGHTS", "weights.npy")):
        monkeypatch.setenv(f"BENCHMARK_{name}", str(tmp_path / file))
    monkeypatch.setenv("BENCHMARK_THREADS", "1")
    from benchmarks.systems import plain
    from benchmarks.systems.given import workload

    workload.cache_clear()

    plain.main()

    ours = federate(request_of("mlp"), watcher=Silent(), stop=Stop()).weights
    assert np.abs(np.load(tmp_path / "weights.npy") - ours).max() < 1e-5
    assert len((tmp_path / "events").read_text().splitlines()) == 20


def test_a_workload_whose_features_are_not_computed_says_how() -> None:
    from data.public import DataMissing

    with pytest.raises(DataMissing, match="python -m benchmarks fl --workloads head"):
        registry.get_task("head").public()
