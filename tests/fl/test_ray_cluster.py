"""Actors on the machines of a Ray cluster, played by two nodes on this one."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from fl.federation import close, executor_for, federate
from fl.request import RequestError, RunRequest
from fl.watcher import Stop
from settings import get_settings
from tests.fl.told import Told

pytestmark = pytest.mark.slow

REQUEST = RunRequest("breast_cancer", sites=4, rounds=2, benefit=False, executor="ray")


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    from ray.cluster_utils import Cluster

    from fl.grid.ray_actors import warm

    warm()  # Ray that runs on this machine alone makes way for the cluster
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster.address
    cluster.shutdown()  # type: ignore[no-untyped-call]


@pytest.fixture
def address(cluster: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("MEDHIVE_RAY_ADDRESS", cluster)
    get_settings.cache_clear()
    yield cluster
    close()
    get_settings.cache_clear()


def test_a_run_uses_both_nodes_and_gives_the_weights_of_one_machine(home: object, address: str) -> None:
    import ray

    from fl.grid.ray_actors import _POOL

    outcome = federate(REQUEST, watcher=Told(), stop=Stop())
    there = set(ray.get([actor.ready.remote() for actor in _POOL.actors]))
    alone = federate(replace(REQUEST, executor="in-process"), watcher=Told(), stop=Stop())
    assert len(there) == 2
    np.testing.assert_allclose(outcome.weights, alone.weights, rtol=0, atol=1e-6)


@pytest.mark.parametrize("executor", ["flower", "ray"])
def test_a_run_without_the_setting_starts_a_ray_of_its_own_beside_a_cluster(
    home: object, address: str, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    monkeypatch.delenv("MEDHIVE_RAY_ADDRESS")
    get_settings.cache_clear()
    outcome = federate(replace(REQUEST, executor=executor, rounds=1), watcher=Told(), stop=Stop())
    assert outcome.rounds[-1].replies == 4


def test_a_cluster_that_is_not_there_is_named(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDHIVE_RAY_ADDRESS", "127.0.0.1:9")
    get_settings.cache_clear()
    with pytest.raises(RequestError, match=r"no Ray cluster answers at 127\.0\.0\.1:9"):
        federate(REQUEST, watcher=Told(), stop=Stop())


def test_large_networks_go_to_a_cluster_when_one_is_set(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from fl import local

    monkeypatch.setenv("MEDHIVE_RAY_ADDRESS", "127.0.0.1:9")
    get_settings.cache_clear()
    monkeypatch.setattr(local, "LARGE", 1000)
    assert executor_for(replace(REQUEST, executor="auto")) == "ray"
