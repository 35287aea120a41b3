"""Further training at each site is measured on rows that nothing was trained on."""

from dataclasses import replace

import numpy as np
import pytest

from fl.federation import federate
from fl.request import RequestError, RunRequest
from fl.sites import rows_of
from fl.watcher import Stop
from models.few_rows import FEWEST_CHANGES, FEWEST_LOSSES, share
from tests.fl.told import Told

REQUEST = RunRequest("breast_cancer", sites=8, rounds=4, partition="dirichlet:0.3", personal=5, learning_rate=3e-3)


def test_rows_set_aside_are_a_fifth_that_nobody_trains_on_and_the_same_for_whoever_asks(home: object) -> None:
    whole = rows_of(replace(REQUEST, personal=0), 2)
    own, again = rows_of(REQUEST, 2), rows_of(REQUEST, 2)
    assert whole.aside is None and own.aside is not None and again.aside is not None
    assert sorted([*own.rows.row_hashes, *own.aside.row_hashes]) == sorted(whole.rows.row_hashes)
    assert not set(own.rows.row_hashes) & set(own.aside.row_hashes)
    assert own.aside.row_hashes == again.aside.row_hashes
    assert len(own.aside) == pytest.approx(len(whole.rows) / 5, abs=1)


def test_every_site_with_ten_rows_has_its_gain_and_the_model_of_the_run_stays(home: object) -> None:
    told = Told()
    alone, together = (
        federate(replace(REQUEST, executor=each), watcher=told, stop=Stop()) for each in ("in-process", "vectorised")
    )
    enough = [site.position for site in alone.sites if len(rows_of(REQUEST, site.position).aside or ())]
    assert [at for at, each in alone.benefit.items() if "personal" in each] == enough
    for position in enough:
        ours, theirs = (outcome.benefit[position]["personal"] for outcome in (alone, together))
        aside = rows_of(REQUEST, position).aside
        assert aside is not None and ours["n"] == len(aside)
        for name in ("loss", "accuracy"):
            before, after, change = (ours[model][name]["value"] for model in ("before", "after", "change"))
            assert change == pytest.approx(after - before)
            assert theirs["after"][name]["value"] == pytest.approx(after, abs=1e-4)
        assert ours["change"]["loss"]["value"] != 0
        assert (ours["change"]["loss"]["low"] is None) == (ours["n"] < FEWEST_CHANGES)
        assert ours["before"]["loss"]["low"] is None or ours["n"] >= FEWEST_LOSSES
        right = share(round(ours["after"]["accuracy"]["value"] * ours["n"]), ours["n"])
        assert ours["after"]["accuracy"]["low"] == pytest.approx(right.low)
    few = [site.name for site in alone.sites if site.position not in enough]
    for name in few:
        assert any(said.startswith(f"{name} was left out of the comparison: it has ") for said in told.events)
    assert few and not any(state == "dropped" for _, _, state in told.states)
    unmeasured = federate(replace(REQUEST, executor="in-process", benefit=False, personal=0), watcher=told, stop=Stop())
    assert not np.array_equal(unmeasured.weights, alone.weights)  # the rows set aside are missing from training


def test_rows_set_aside_count_nowhere_as_training_rows(home: object) -> None:
    told, asked = Told(), replace(REQUEST, personal=1, rounds=2)
    outcome = federate(asked, watcher=told, stop=Stop())
    own = [rows_of(asked, position).rows for position in range(asked.sites)]
    counted = [(len(rows), int(rows.y.sum())) for rows in own]
    assert [(site.samples, site.positives) for site in outcome.sites] == counted
    assert [(site.samples, site.positives) for site in told.names[asked.sites :]] == counted  # said again, corrected
    assert outcome.data["n_training"] == sum(map(len, own)) < sum(site.samples for site in told.names[: asked.sites])
    assert [site["samples"] for site in outcome.data["sites"]] == [len(rows) for rows in own]
    resumed = federate(asked, watcher=Told(), stop=Stop(), start=told.snapshots[1])
    assert resumed.sites == outcome.sites and np.array_equal(resumed.weights, outcome.weights)


@pytest.mark.parametrize("change", [{"benefit": False}, {"dp_epsilon": 8.0}, {"secure_aggregation": True}])
def test_it_is_refused_where_benefit_is_not_measured(change: dict[str, object]) -> None:
    with pytest.raises(RequestError, match="personal is measured as a part of benefit"):
        replace(REQUEST, **change).validated()  # type: ignore[arg-type]  # one of several fields
    with pytest.raises(RequestError, match="personal is -1: give a whole number from 0 to 1000"):
        replace(REQUEST, personal=-1).validated()
