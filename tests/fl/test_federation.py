"""One federation from request to scored model, in process."""

from dataclasses import replace

import numpy as np
import pytest

from fl import local
from fl.federation import Outcome, executor_for, federate
from fl.request import RequestError, RunRequest
from fl.watcher import Cancelled, Snapshot, Stop
from tests.fl.told import Told

SMALL = RunRequest("breast_cancer", sites=3, rounds=3, learning_rate=3e-3, benefit=False)


def run(request: RunRequest, start: Snapshot | None = None, told: Told | None = None) -> Outcome:
    return federate(request, watcher=told or Told(), stop=Stop(), start=start)


@pytest.mark.parametrize("strategy", ["fedavg", "fedprox"])
def test_the_same_seed_gives_bit_identical_weights(home: object, strategy: str) -> None:
    request = replace(SMALL, strategy=strategy)
    assert np.array_equal(run(request).weights, run(request).weights)


def test_another_seed_gives_other_weights(home: object) -> None:
    assert not np.array_equal(run(SMALL).weights, run(replace(SMALL, seed=1)).weights)


@pytest.mark.parametrize("task", ["breast_cancer", "vitals"])
@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_going_on_from_a_snapshot_gives_the_weights_of_the_uninterrupted_run(
    home: object, task: str, after: int
) -> None:
    request = replace(SMALL, task=task)
    told, resumed = Told(), Told()
    whole = run(request, told=told)
    again = run(request, start=told.snapshots[after], told=resumed)
    assert np.array_equal(whole.weights, again.weights)
    assert whole.scores == again.scores
    assert [result.round for result in resumed.results] == list(range(after + 1, 4))


def test_a_cancelled_run_can_go_on_to_the_same_weights(home: object) -> None:
    stop = Stop()
    told = Told(on=lambda what: stop.set() if what == "round 2" else None)
    with pytest.raises(Cancelled):
        federate(SMALL, watcher=told, stop=stop)
    assert told.snapshots[-1].round == 2
    assert np.array_equal(run(SMALL, start=told.snapshots[-1]).weights, run(SMALL).weights)


def test_fedprox_without_its_term_is_federated_averaging(home: object) -> None:
    without = replace(SMALL, strategy="fedprox", strategy_settings={"proximal_mu": 0.0})
    assert np.array_equal(run(without).weights, run(SMALL).weights)


def test_fedprox_pulls_towards_the_global_weights(home: object) -> None:
    def moved(mu: float) -> float:
        told = Told()
        run(
            replace(SMALL, rounds=1, local_epochs=20, strategy="fedprox", strategy_settings={"proximal_mu": mu}),
            told=told,
        )
        return float(np.linalg.norm(told.snapshots[1].weights - told.snapshots[0].weights))

    assert moved(0.0) > moved(1.0) > moved(100.0)


def test_breast_cancer_reaches_its_figure(home: object) -> None:
    from models.registry import get_task

    outcome = run(RunRequest.for_task(get_task("breast_cancer"), sites=10, rounds=20, seed=0, benefit=False))
    assert outcome.scores["auc"].value >= 0.99
    assert outcome.executor == "vectorised"
    assert outcome.n_heldout == outcome.data["n_heldout"] > 100
    assert [result.round for result in outcome.rounds] == list(range(21))
    assert outcome.rounds[-1].loss < 0.5 * outcome.rounds[0].loss


def test_the_watcher_hears_of_sites_rounds_and_phases_in_order(home: object) -> None:
    told = Told()
    outcome = run(SMALL, told=told)
    assert [site.name for site in told.names] == ["Site A", "Site B", "Site C"]
    assert sum(site.samples for site in told.names) == outcome.data["n_training"]
    assert told.phases[0] == "warming up"
    assert told.phases.index("asking sites for medians") < told.phases.index("training")
    assert [(position, state) for position, round, state in told.states if round == 1] == [
        *((position, "computing") for position in range(3)),
        *((position, "answered") for position in range(3)),
    ]
    assert len(told.updates) == 9
    assert set(told.updates[0][3]) == {"auc", "accuracy", "sensitivity", "specificity", "ece"}
    assert told.results[1].bytes_up > 4 * len(outcome.weights) and told.results[1].bytes_down > 4 * len(outcome.weights)


def test_the_times_add_up(home: object) -> None:
    seconds = run(SMALL).seconds
    assert 0 < seconds["startup"] < seconds["first_round"] < seconds["startup"] + seconds["rounds"] < seconds["total"]


def test_benefit_compares_every_site_alone_with_the_federation_and_all_rows_pooled(home: object) -> None:
    outcome = run(replace(SMALL, benefit=True))
    assert set(outcome.benefit) == {0, 1, 2, -1}
    for position in range(3):
        assert set(outcome.benefit[position]) == {"local", "federated"}
        assert set(outcome.benefit[position]["local"]["auc"]) == {"value", "low", "high"}
        assert outcome.benefit[position]["federated"]["auc"]["value"] == outcome.scores["auc"].value
    assert outcome.benefit[-1]["pooled"]["auc"]["value"] > 0.9


def test_one_site_alone_is_its_own_benefit(home: object) -> None:
    """A federation of one site is that site training alone; so is a pool of one."""
    outcome = run(replace(SMALL, sites=1, benefit=True))
    assert outcome.benefit[0]["local"] == outcome.benefit[0]["federated"]


def test_heart_disease_trains_over_its_four_hospitals(home: object, datasets: object) -> None:
    outcome = run(replace(SMALL, task="heart_disease", partition="natural"))
    assert len(outcome.sites) == 4 and outcome.sites[0].name == "Cleveland"
    assert np.isfinite(outcome.weights).all() and outcome.scores["auc"].value > 0.6


def test_two_federations_at_once_are_refused(home: object) -> None:
    refused: list[RuntimeError] = []

    def second(what: str) -> None:
        if what == "round 1":
            try:
                run(SMALL)
            except RuntimeError as error:
                refused.append(error)

    run(SMALL, told=Told(on=second))
    assert "runs a federation already" in str(refused[0])


def test_a_request_that_cannot_be_carried_out_is_refused_before_anything_is_computed(home: object) -> None:
    told = Told()
    with pytest.raises(RequestError, match="1000 sites"):
        run(replace(SMALL, sites=1000), told=told)
    assert not told.names and not told.results


def test_what_cannot_be_stacked_is_refused_before_anything_is_computed(home: object) -> None:
    told = Told()
    with pytest.raises(RequestError, match=r"cannot stack networks of vitals.*choose auto"):
        run(replace(SMALL, task="vitals", executor="vectorised"), told=told)
    assert not told.results


def test_the_executor_follows_from_the_network(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert executor_for(SMALL) == "vectorised"
    assert executor_for(replace(SMALL, task="vitals")) == "in-process"  # it has dropout, which sites draw by themselves
    assert executor_for(replace(SMALL, executor="ray")) == "ray"
    monkeypatch.setattr(local, "LARGE", 1000)
    assert executor_for(SMALL) == "in-process"
