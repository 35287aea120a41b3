"""A site whose update would spoil the model is left out and named; with too few sites nothing changes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from fl.checks import norms_too_large
from fl.federation import federate
from fl.request import RunRequest
from fl.watcher import QuorumLost, Stop
from tests.fl import faults
from tests.fl.told import Told

REQUEST = RunRequest("breast_cancer", sites=4, rounds=2, benefit=False)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.weights_set_to(float("nan")), "its weights hold NaN"),
        (faults.weights_set_to(float("inf")), "its weights hold infinite values"),
        (faults.wrong_shape, "its weights have shape (3,) instead of (1537,)"),
        (faults.no_weights, "it sent no weights"),
        (faults.all_weights(3e38), "its weights are so large that scores are not finite"),
        (faults.other_dtype, "its weights are float64 instead of float32"),
        (faults.scaled(1000.0), "its update is "),
        (faults.scaled(-1000.0), "its update is "),
        (faults.all_weights(1e30), "its update is over a million times as large as the median site's; 100 is"),
        (faults.examples(0), "num-examples is 0: an update must rest on at least one row"),
        (faults.examples(-5), "num-examples is -5: an update must rest on at least one row"),
        (faults.examples(10_000_000), "num-examples is 10000000, but the site has"),
        (faults.raises, "its computation failed with ValueError"),
    ],
)
def test_a_bad_update_is_left_out_and_named(home: object, fault: faults.Fault, words: str) -> None:
    told = Told()
    outcome = federate(REQUEST, watcher=told, stop=Stop(), client=faults.client_with({2: fault}, rounds=(1,)))
    first, second = outcome.rounds[1:]
    assert [failure.site for failure in first.failures] == ["Site C"]
    assert first.failures[0].reason.startswith(words)
    assert (first.replies, second.replies) == (3, 4)
    assert any(event.startswith(f"Site C was left out of round 1: {words}") for event in told.events)
    assert np.isfinite(outcome.weights).all()


@pytest.mark.parametrize("executor", ["in-process", "vectorised"])
def test_an_update_of_an_earlier_round_is_known_again(home: object, executor: str) -> None:
    request = replace(REQUEST, rounds=4, executor=executor)
    outcome = federate(
        request, watcher=Told(), stop=Stop(), client=faults.client_with({1: faults.first_sent_again()}, (1, 2, 3, 4))
    )
    assert [[each.reason for each in result.failures] for result in outcome.rounds] == [
        [],
        [],
        *([["it sent its update of an earlier round again"]] * 3),
    ]


def test_an_update_of_before_a_resumption_is_known_again(home: object) -> None:
    told, request = Told(), replace(REQUEST, rounds=3)
    client = faults.client_with({1: faults.first_sent_again()}, (1, 2, 3))
    federate(request, watcher=told, stop=Stop(), client=client)
    resumed = federate(request, watcher=Told(), stop=Stop(), client=client, start=told.snapshots[1])
    assert [[each.reason for each in result.failures] for result in resumed.rounds] == [
        ["it sent its update of an earlier round again"]
    ] * 2


def test_with_two_sites_the_oversized_update_is_the_one_left_out(home: object) -> None:
    client = faults.client_with({1: faults.scaled(1000.0)})
    outcome = federate(replace(REQUEST, sites=2), watcher=Told(), stop=Stop(), client=client)
    assert [[each.site for each in result.failures] for result in outcome.rounds[1:]] == [["Site B"], ["Site B"]]


def test_sites_of_very_unlike_sizes_are_all_kept() -> None:
    assert norms_too_large({0: 1.0, 1: 50.0, 2: 0.9, 3: 1.1}) == {}
    assert set(norms_too_large({0: 1.0, 1: 500.0, 2: 0.9, 3: 1.1})) == {1}


def test_a_bad_update_changes_nothing_for_the_others(home: object) -> None:
    one, other = (
        federate(REQUEST, watcher=Told(), stop=Stop(), client=faults.client_with({2: fault})).weights
        for fault in (faults.weights_set_to(float("nan")), faults.raises)
    )
    assert np.array_equal(one, other)


def test_a_failure_at_a_site_gives_away_no_row(home: object) -> None:
    told = Told()
    federate(REQUEST, watcher=told, stop=Stop(), client=faults.client_with({0: faults.raises}))
    assert told.events and not any("fever" in event for event in told.events)


def test_states_tell_who_answered_and_who_was_refused_or_dropped(home: object) -> None:
    told = Told()
    bad = {0: faults.raises, 1: faults.wrong_shape}
    federate(REQUEST, watcher=told, stop=Stop(), client=faults.client_with(bad, rounds=(1,)))
    last = {position: state for position, round, state in told.states if round == 1}
    assert last == {0: "dropped", 1: "refused", 2: "answered", 3: "answered"}
    assert {position for position, round, *_ in told.updates if round == 1} == {2, 3}


@pytest.mark.parametrize(("broken", "holds"), [(2, True), (3, False)])
def test_below_quorum_nothing_changes(home: object, broken: int, holds: bool) -> None:
    told = Told()
    bad = dict.fromkeys(range(broken), faults.weights_set_to(float("nan")))

    def run() -> object:
        return federate(REQUEST, watcher=told, stop=Stop(), client=faults.client_with(bad, rounds=(2,)))

    if holds:
        run()
        assert told.results[-1].round == 2
        return
    with pytest.raises(QuorumLost) as lost:
        run()
    assert "1 of 4 sites sent a usable answer in round 2, 2 are needed" in str(lost.value)
    assert "Site A: its weights hold NaN" in str(lost.value)
    assert told.snapshots[-1].round == 1  # the last good global model stands


def test_bad_medians_stop_a_run_below_quorum(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    import fl.client_app as client_app

    poisoned: Callable[[object], object] = lambda x: (np.full(30, np.inf), np.ones(30))  # noqa: E731
    monkeypatch.setattr(client_app, "medians", poisoned)
    with pytest.raises(
        QuorumLost, match=r"in the preparation, 2 are needed.*its medians hold values that are not finite"
    ):
        federate(REQUEST, watcher=Told(), stop=Stop())
