"""What each strategy promises, and that a run with it can be taken up again."""

import gc
from dataclasses import replace

import numpy as np
import pytest

from fl.federation import federate
from fl.request import RequestError, RunRequest
from fl.strategies import STRATEGIES
from fl.strategies.bearable import bearable
from fl.strategies.costs import remembered
from fl.strategies.fedcostw import cost_weights
from fl.strategies.feddyn import Dynamic
from fl.strategies.fedpid import pid_weights
from fl.strategies.rule import Round
from fl.watcher import Stop
from tests.fl.told import Told

SMALL = RunRequest("breast_cancer", sites=7, rounds=4, learning_rate=3e-3, benefit=False)


@pytest.fixture(autouse=True, scope="module")
def _garbage() -> None:
    """Flower's qFedAvg and Bulyan search for garbage after every site: not in what earlier tests have left."""
    gc.freeze()


@pytest.mark.parametrize("name", [name for name, info in STRATEGIES.items() if not info.adapters])
def test_a_run_goes_on_to_the_same_bits_whatever_the_strategy(home: object, name: str) -> None:
    request, told = replace(SMALL, strategy=name), Told()
    whole = federate(request, watcher=told, stop=Stop())
    again = federate(request, watcher=Told(), stop=Stop(), start=told.snapshots[2])
    assert whole.weights.dtype == np.float32
    assert np.array_equal(whole.weights, again.weights)
    assert whole.rounds[-1].loss < whole.rounds[0].loss


@pytest.mark.parametrize("name", list(STRATEGIES))
def test_every_strategy_and_each_of_its_parameters_is_explained(name: str) -> None:
    info = STRATEGIES[name]
    assert info.summary.endswith(".") and info.paper.startswith("https://")
    for parameter in info.parameters:
        assert parameter.low <= parameter.default <= parameter.high
        assert parameter.help.endswith(".")


def test_a_rule_for_adapters_takes_no_other_task() -> None:
    with pytest.raises(RequestError, match="lora_svd joins adapters, which breast_cancer has not"):
        replace(SMALL, strategy="lora_svd").validated()


def test_a_parameter_that_counts_takes_whole_numbers_only() -> None:
    with pytest.raises(RequestError, match=r"malicious of strategy krum is 1\.5: give a whole number"):
        replace(SMALL, strategy="krum", strategy_settings={"malicious": 1.5}).validated()


def test_a_round_with_too_few_updates_for_bulyan_leaves_the_model_and_says_so(home: object) -> None:
    told = Told()
    request = replace(SMALL, sites=3, rounds=1, strategy="bulyan", strategy_settings={"malicious": 1})
    federate(request, watcher=told, stop=Stop())
    assert np.array_equal(told.snapshots[0].weights, told.snapshots[1].weights)
    assert "3 updates are too few for bulyan: round 1 left the model as it was." in told.events


def test_selection_rules_assume_as_many_wrong_sites_as_they_withstand() -> None:
    assert [bearable(updates, 2) for updates in (1, 4, 5, 10)] == [0, 0, 1, 3]
    assert [bearable(updates, 4) for updates in (6, 7, 10, 11)] == [0, 1, 1, 2]


def test_fedcostw_weighs_as_its_paper_says() -> None:
    shares, before, now = np.array([0.5, 0.5]), np.array([1.0, 1.0]), np.array([0.5, 0.25])
    np.testing.assert_allclose(cost_weights(shares, before, now, 0.5), [0.25 + 0.5 / 3, 0.25 + 1 / 3])


def test_fedpid_weighs_as_its_paper_says() -> None:
    costs = np.array([[0.5, 0.9], [1.0, 1.0], [np.nan, np.nan]])
    expected = 0.45 * np.array([0.2, 0.8]) + 0.45 * np.array([5, 1]) / 6 + 0.1 * np.array([1.5, 1.9]) / 3.4
    np.testing.assert_allclose(pid_weights(np.array([0.2, 0.8]), costs, 0.45, 0.45, 0.1), expected)


def test_feddyn_ends_where_the_mean_of_all_losses_is_lowest_though_sites_differ() -> None:
    curvature, optimum, rows = np.array([1.0, 9.0]), np.array([4.0, -1.0]), np.array([30.0, 10.0])
    rule, start = Dynamic(alpha=0.5), np.zeros(1, dtype=np.float32)
    for number in range(1, 200):  # each site minimises its loss to the end: curvature / 2 · (v − optimum)²
        pulls = np.array([0.0 if rule.pull(site) is None else rule.pull(site)[0] for site in (0, 1)])
        best = (curvature * optimum - pulls + 0.5 * start) / (curvature + 0.5)
        sent = best.astype(np.float32)[:, None]
        told = np.zeros(2)
        start, _ = rule.join(Round(number, start, sent, rows, told, [0, 1], ["A", "B"], 2, lambda w: w, learned=1))
    assert start[0] == pytest.approx((rows * curvature) @ optimum / (rows @ curvature), abs=1e-4)
    assert start[0] != pytest.approx(rows @ optimum / rows.sum(), abs=1.0)  # where the mean of such updates leads


def test_feddyn_trains_sites_together_as_it_trains_each(home: object) -> None:
    request = replace(SMALL, strategy="feddyn", partition="dirichlet:0.3")
    alone, together = (
        federate(replace(request, executor=each), watcher=Told(), stop=Stop()) for each in ("in-process", "vectorised")
    )
    plain = federate(replace(request, strategy="fedprox"), watcher=Told(), stop=Stop())
    np.testing.assert_allclose(together.weights, alone.weights, rtol=0, atol=1e-5)
    assert np.abs(plain.weights - alone.weights).max() > 1e-3


def test_what_feddyn_sends_along_is_counted_for_the_sites_that_get_it(home: object) -> None:
    told = Told()
    request = replace(SMALL, strategy="feddyn", rounds=3, drop=0.3, quorum=0.1, executor="in-process")
    outcome = federate(request, watcher=told, stop=Stop())
    first, second, third = (result.bytes_down for result in told.results[1:])
    update = 4 * len(outcome.weights)
    assert first < second < third < first + update  # some sites have dropped out so far: nothing is remembered of them
    assert third > first + update / 2


def test_feddyn_cannot_be_covered_by_noise() -> None:
    with pytest.raises(RequestError, match="strategy feddyn remembers what each site sent"):
        replace(SMALL, strategy="feddyn", dp_epsilon=8.0).validated()


def test_what_sites_said_is_remembered_by_site_also_when_some_are_absent() -> None:
    state: dict[str, np.ndarray] = {}

    def round(number: int, positions: list[int], told: list[float]) -> Round:
        weights = np.zeros((len(told), 2), dtype=np.float32)
        names = [f"Site {each}" for each in positions]
        return Round(number, weights[0], weights, np.ones(len(told)), np.array(told), positions, names, 3, lambda w: w)

    remembered(state, round(1, [0, 1, 2], [3.0, 2.0, 1.0]), 2)
    remembered(state, round(2, [0, 2], [2.5, np.nan]), 2)
    found = remembered(state, round(3, [0, 1], [2.0, 1.5]), 2)
    np.testing.assert_array_equal(found, [[2.0, 1.5], [2.5, 2.0]])
