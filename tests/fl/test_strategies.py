"""What each strategy promises, and that a run with it can be taken up again."""

from dataclasses import replace

import numpy as np
import pytest

from fl.federation import federate
from fl.request import RequestError, RunRequest
from fl.strategies import STRATEGIES
from fl.strategies.bearable import bearable
from fl.strategies.costs import remembered
from fl.strategies.fedcostw import cost_weights
from fl.strategies.fedpid import pid_weights
from fl.strategies.rule import Round
from fl.watcher import Stop
from tests.fl.told import Told

SMALL = RunRequest("breast_cancer", sites=7, rounds=4, learning_rate=3e-3, benefit=False)


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
    with pytest.raises(RequestError, match="lora_svd joins adapters of language tasks"):
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
