"""Whoever computes a site, the same request gives the same weights."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from fl.federation import Outcome, close, federate
from fl.request import RunRequest
from fl.watcher import Stop
from tests.fl import faults
from tests.fl.told import Told

pytestmark = pytest.mark.slow

OWN = {"standardise": "site", "personal": 1}
REQUEST = RunRequest("breast_cancer", sites=4, rounds=3, strategy="fedprox", local_epochs=2, **OWN)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    yield
    close()


def run(executor: str, told: Told | None = None) -> Outcome:
    """Run with one site that sends NaN in round 2, so that failures are compared too."""
    client = faults.client_with({1: faults.weights_set_to(float("nan"))}, rounds=(2,))
    return federate(replace(REQUEST, executor=executor), watcher=told or Told(), stop=Stop(), client=client)


@pytest.mark.parametrize(("executor", "within"), [("vectorised", 1e-5), ("ray", 1e-6), ("flower", 1e-6)])
def test_an_executor_gives_the_weights_of_in_process(home: object, executor: str, within: float) -> None:
    told = Told()
    expected, found = run("in-process"), run(executor, told)
    assert found.executor == executor
    np.testing.assert_allclose(found.weights, expected.weights, rtol=0, atol=within)
    for name, score in expected.scores.items():
        assert found.scores[name].value == pytest.approx(score.value, abs=10 * within)
    for position in range(4):
        ours, theirs = expected.benefit[position]["local"]["auc"], found.benefit[position]["local"]["auc"]
        assert theirs["value"] == pytest.approx(ours["value"], abs=10 * within)
        gained = found.benefit[position]["personal"]["change"]["loss"]["value"]
        assert gained == pytest.approx(expected.benefit[position]["personal"]["change"]["loss"]["value"], abs=1e-3)
    assert found.sites == expected.sites
    assert [[each.site for each in result.failures] for result in found.rounds] == [[], [], ["Site B"], []]
    assert [result.round for result in told.results] == [0, 1, 2, 3]
    assert sum(state == "refused" for _, _, state in told.states) == 1


def test_a_later_run_with_ray_starts_at_once_and_gives_the_same(home: object) -> None:
    first, second = run("ray"), run("ray")
    assert np.array_equal(first.weights, second.weights)
    assert second.seconds["first_round"] < 1


def test_a_process_that_dies_drops_its_sites_by_name_and_is_replaced(home: object) -> None:
    client = faults.client_with({1: faults.dies}, rounds=(2,))
    request = replace(REQUEST, executor="ray", rounds=4, benefit=False, personal=0)
    outcome = federate(request, watcher=Told(), stop=Stop(), client=client)
    lost = outcome.rounds[2].failures
    assert "Site B" in {failure.site for failure in lost} <= {"Site B", "Site D"}  # those of the same process
    assert {failure.reason for failure in lost} == {"the process that computed for it ended"}
    assert [result.replies for result in outcome.rounds[3:]] == [4, 4]
