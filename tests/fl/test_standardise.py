"""Sites may keep by what mean and deviation they standardise, while the rest of the model is averaged."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from torch import nn

from fl import local
from fl.evaluation import calibrated
from fl.federation import Outcome, federate
from fl.local import FlatNetwork, normalises, own_preparation
from fl.request import RequestError, RunRequest
from fl.sites import rows_of
from fl.watcher import Stop
from models.registry import get_task
from tests.fl.told import Told

TASK = get_task("breast_cancer")
REQUEST = RunRequest("breast_cancer", sites=6, rounds=3, benefit=False, executor="in-process", standardise="site")


def run(request: RunRequest) -> Outcome:
    return federate(request, watcher=Told(), stop=Stop())


def test_a_site_with_other_units_trains_as_if_it_had_those_of_the_others(home: object) -> None:
    right, wrong = run(REQUEST), run(replace(REQUEST, attack="units:0.3"))
    np.testing.assert_allclose(wrong.weights, right.weights, atol=2e-3)
    together = run(replace(REQUEST, standardise="together", attack="units:0.3"))
    assert np.abs(together.weights - right.weights).max() > 0.008
    assert wrong.rounds[-1].loss < together.rounds[-1].loss


def test_the_model_of_the_run_standardises_by_all_sites_together(home: object) -> None:
    kept, shared = run(REQUEST), run(replace(REQUEST, standardise="together"))
    for name in ("fill", "mean", "scale"):
        np.testing.assert_array_equal(getattr(kept.preparation, name), getattr(shared.preparation, name))
    assert not np.array_equal(kept.weights, shared.weights)


def test_benefit_scores_the_joined_model_as_each_site_uses_it(home: object) -> None:
    asked = replace(REQUEST, benefit=True, partition="dirichlet:0.3", rounds=1)
    outcome = run(asked)
    sizes = {site.position: site.samples for site in outcome.sites}
    assert min(sizes.values()) < local.OWN_FROM < max(sizes.values())
    everybody = {name: score.as_json() for name, score in outcome.scores.items()}
    for position, size in sizes.items():
        if size < local.OWN_FROM:  # too few to tell a mean
            assert outcome.benefit[position]["federated"] == everybody
            continue
        own = own_preparation(TASK, rows_of(asked, position).rows)
        _, scores = calibrated(TASK, outcome.weights, own)
        assert outcome.benefit[position]["federated"]["loss"] == scores["loss"].as_json() != everybody["loss"]


def test_all_executors_of_this_process_standardise_alike(home: object) -> None:
    asked = replace(REQUEST, personal=2, benefit=True)
    one, other = run(asked), run(replace(asked, executor="vectorised"))
    np.testing.assert_allclose(one.weights, other.weights, atol=1e-5)
    for position in range(asked.sites):
        ours, theirs = (each.benefit[position]["personal"]["before"]["loss"]["value"] for each in (one, other))
        assert ours == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"standardise": "alone"}, "standardise is 'alone': choose one of together, site"),
        ({"task": "medical_qa"}, "inputs of medical_qa are words that nobody standardises"),
        ({"dp_epsilon": 8.0}, "which no noise covers: choose together, or dp_level client"),
    ],
)
def test_it_is_refused_where_it_makes_no_sense(change: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        replace(REQUEST, executor="auto", **change).validated()
    replace(REQUEST, dp_epsilon=8.0, dp_level="client").validated()
    replace(REQUEST, secure_aggregation=True).validated()


def test_a_network_with_batch_normalisation_of_its_own_is_refused(home: object, monkeypatch: Any) -> None:
    assert normalises(FlatNetwork(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))))
    assert not normalises(FlatNetwork(nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))))
    monkeypatch.setattr(local, "normalises", lambda _: True)
    with pytest.raises(RequestError, match="batch normalisation of its own, which would still be averaged"):
        run(REQUEST)
    run(replace(REQUEST, standardise="together", rounds=1))
