"""Runs that add noise: they keep their budget, say so, and go on after an interruption with the same bits."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fl.federation import Outcome, federate
from fl.local import FlatNetwork, Recipe
from fl.privacy.budget import Budget
from fl.privacy.examples import clipped, gradients_of_each, train_privately
from fl.privacy.guard import check_site
from fl.privacy.update import clipped_update
from fl.request import RequestError, RunRequest
from fl.watcher import Snapshot, Stop
from models.registry import get_task
from tests.fl.told import Told

ROWS = RunRequest.for_task(get_task("breast_cancer"), sites=4, rounds=4, dp_epsilon=8.0)
SITES = replace(ROWS, dp_level="client")


def run(request: RunRequest, told: Told | None = None, start: Snapshot | None = None) -> Outcome:
    return federate(request, watcher=told or Told(), stop=Stop(), start=start)


@pytest.mark.parametrize("request_", [ROWS, SITES], ids=["rows", "sites"])
def test_an_interrupted_run_ends_with_the_same_bits_and_another_seed_draws_other_noise(
    home: object, request_: RunRequest
) -> None:
    told = Told()
    whole = run(request_, told)
    again = run(request_, start=told.snapshots[2])
    assert np.array_equal(whole.weights, again.weights)
    assert not np.array_equal(whole.weights, run(replace(request_, seed=1)).weights)


@pytest.mark.parametrize("request_", [ROWS, SITES], ids=["rows", "sites"])
def test_what_is_spent_grows_from_nothing_to_the_budget(home: object, request_: RunRequest) -> None:
    told = Told()
    run(request_, told)
    spent = [result.metrics["epsilon"] for result in told.results]
    assert spent[0] == 0
    assert spent == sorted(spent)
    assert 7.8 < spent[-1] <= 8


def test_a_run_ends_before_the_round_that_would_exceed_its_budget(home: object) -> None:
    told = Told()
    outcome = run(replace(ROWS, rounds=10, dp_noise=2.0), told)
    assert 0 < outcome.last_round < 10
    assert told.results[-1].metrics["epsilon"] <= 8
    assert any("another round would make it" in event for event in told.events)


def test_a_site_refuses_a_round_beyond_the_budget_whatever_the_server_asks() -> None:
    with pytest.raises(RequestError, match="more than 8"):
        check_site(replace(ROWS, dp_noise=2.0), rows=100, round=10)


def test_a_private_run_tells_nothing_of_rows_before_training_and_trains_no_site_alone(home: object) -> None:
    told = Told()
    outcome = run(ROWS, told)
    assert not any("medians" in phase for phase in told.phases)
    assert outcome.benefit == {}


def test_how_good_each_sites_update_is_stays_unsaid_when_sites_are_hidden(home: object) -> None:
    told = Told()
    run(replace(SITES, rounds=1), told)
    assert [scores for _, _, loss, scores, _ in told.updates if loss == loss] == []


def test_the_server_clips_a_site_that_does_not_clip_itself(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fl.client_app.clipped_update", lambda weights, start, clip: weights + 50)
    monkeypatch.setattr(
        "flwr.serverapp.strategy.dp_fixed_clipping.add_gaussian_noise_inplace", lambda arrays, std: None
    )
    told = Told()
    run(replace(SITES, rounds=1), told)
    before, after = (snapshot.weights for snapshot in told.snapshots)
    assert np.linalg.norm(after - before) <= SITES.dp_clip + 1e-4


def test_with_few_sites_the_run_says_that_little_will_be_learned(home: object) -> None:
    told = Told()
    run(replace(SITES, rounds=1), told)
    assert any("little will be learned" in event for event in told.events)


def test_gradients_of_single_rows_are_those_of_ordinary_training_and_no_longer_than_the_clip() -> None:
    net = FlatNetwork(get_task("breast_cancer").network())
    x, y = torch.randn(6, 30), torch.tensor([0.0, 1, 0, 1, 1, 0])
    each = gradients_of_each(net)(x, y)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(net.network(x).squeeze(1), y)
    loss.backward()
    torch.testing.assert_close(each.mean(0), net.gradient)
    short = clipped(each, 0.1)
    assert float(short.norm(dim=1).max()) <= 0.1 + 1e-6


def test_a_step_changes_with_one_row_by_no_more_than_the_clip_over_the_rows_expected() -> None:
    net = FlatNetwork(torch.nn.Linear(3, 1))
    x, y = torch.randn(20, 3) * 50, torch.ones(20)
    recipe, budget = Recipe(1, 20, 1.0, "sgd"), Budget(8, 1e-5, 0.0, 1.0, 1)
    start = net.take()

    def step(rows: int) -> np.ndarray:
        train_privately(net, x[:rows], y[:rows], start, recipe, budget, clip=0.5, seed=1)
        return (net.take() - start) * rows

    assert np.linalg.norm(step(20) - step(19)) <= 0.5 + 1e-5


def test_a_long_update_is_shortened_to_the_clip_and_a_short_one_left_alone() -> None:
    start = np.ones(4, dtype=np.float32)
    assert np.linalg.norm(clipped_update(start + 3, start, 0.5) - start) == pytest.approx(0.5, abs=1e-6)
    near = start + np.float32(0.1)
    assert np.array_equal(clipped_update(near, start, 0.5), near)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dp_epsilon": -1.0}, "dp_epsilon is -1.0"),
        ({"dp_delta": 0.0}, "dp_delta is 0.0: give a number above 0"),
        ({"dp_level": "patient"}, "dp_level is 'patient': choose example"),
        ({"dp_epsilon": 0.0, "dp_noise": 1.0}, "dp_noise is given without dp_epsilon"),
        ({"executor": "vectorised"}, "trains without noise for each row"),
    ],
)
def test_a_wrong_request_for_privacy_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        replace(ROWS, **change).validated()  # type: ignore[arg-type]


def test_a_batch_statistic_that_no_noise_covers_is_refused() -> None:
    with pytest.raises(RequestError, match="keeps statistics of a batch"):
        gradients_of_each(FlatNetwork(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))))
