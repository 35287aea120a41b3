"""Sites that drop out, hang, come back, or are not sampled."""

import time
from dataclasses import replace

import numpy as np
import pytest

from fl import assignment
from fl.federation import Outcome, federate
from fl.grid import in_process
from fl.request import RunRequest
from fl.watcher import QuorumLost, Stop
from tests.fl import faults
from tests.fl.told import Told

REQUEST = RunRequest("breast_cancer", sites=10, rounds=4, benefit=False)


def run(request: RunRequest, told: Told | None = None, **others: object) -> Outcome:
    return federate(request, watcher=told or Told(), stop=Stop(), **others)  # type: ignore[arg-type]


def missing(outcome: Outcome) -> list[set[str]]:
    return [{failure.site for failure in result.failures} for result in outcome.rounds[1:]]


@pytest.mark.parametrize("executor", ["in-process", "vectorised"])
def test_half_of_the_sites_drop_out_and_come_back_and_the_run_ends(home: object, executor: str) -> None:
    outcome = run(replace(REQUEST, drop=0.5, quorum=0.2, rounds=8, executor=executor))
    absent = missing(outcome)
    assert 0.3 < np.mean([len(names) for names in absent]) / 10 < 0.7
    assert len({frozenset(names) for names in absent}) > 3  # not always the same
    assert set.intersection(*absent) == set()
    assert outcome.rounds[-1].loss < outcome.rounds[0].loss


def test_the_same_sites_drop_out_when_a_run_is_repeated_or_resumed(home: object) -> None:
    request, told = replace(REQUEST, drop=0.4, quorum=0.1), Told()
    whole = run(request, told)
    assert np.array_equal(run(request, start=told.snapshots[2]).weights, whole.weights)


def test_too_many_drop_outs_stop_a_run_with_the_model_of_the_last_good_round(home: object) -> None:
    told = Told()
    with pytest.raises(QuorumLost, match=r"are needed\. Site .: it dropped out, as this trial asks for"):
        run(replace(REQUEST, drop=0.9, quorum=0.5), told)
    assert told.snapshots[-1].round == len(told.results) - 1


@pytest.mark.parametrize("executor", ["in-process", "vectorised"])
def test_a_site_that_hangs_is_left_out_at_the_deadline_and_takes_part_again(home: object, executor: str) -> None:
    client = faults.client_with({2: faults.hangs(60)}, rounds=(2,))
    request = replace(REQUEST, sites=4, rounds=3, deadline=0.5, executor=executor)
    began = time.monotonic()
    outcome = run(request, client=client)
    assert missing(outcome)[0] == missing(outcome)[2] == set()
    assert "Site C" in missing(outcome)[1]
    reasons = {failure.reason for failure in outcome.rounds[2].failures}
    assert reasons == {"it had not answered after 0.5 seconds"}
    assert time.monotonic() - began < 30  # far less than the site hangs


def test_a_deadline_that_nobody_misses_changes_nothing(home: object) -> None:
    assert np.array_equal(run(replace(REQUEST, deadline=60.0)).weights, run(REQUEST).weights)


@pytest.mark.parametrize("executor", ["in-process", "vectorised"])
def test_a_fraction_of_the_sites_is_sampled_anew_in_every_round(home: object, executor: str) -> None:
    told, request = Told(), replace(REQUEST, fraction=0.3, executor=executor)
    held: list[int] = []
    told.on = lambda what: held.append(len(assignment._TENSORS)) if what == "site answered" else None
    outcome = run(request, told)
    asked = [{position for position, at, state in told.states if at == number} for number in range(1, 5)]
    assert [len(positions) for positions in asked] == [3, 3, 3, 3]
    assert len({frozenset(positions) for positions in asked}) > 1
    assert 1 <= max(held) <= 3  # never more than the sampled ones in memory
    assert not assignment._ROWS
    assert np.array_equal(run(request, start=told.snapshots[2]).weights, outcome.weights)


def test_threads_give_the_bits_of_one_site_after_the_other(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    request = replace(REQUEST, executor="in-process", benefit=True, rounds=2)
    one = run(request)
    monkeypatch.setattr(in_process, "threads_for", lambda task, sites: 3)
    several = run(request)
    assert np.array_equal(one.weights, several.weights)
    assert one.benefit == several.benefit


def test_a_network_with_dropout_is_never_computed_in_threads(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_process, "LARGE", 0)
    monkeypatch.setattr(in_process, "cores", lambda: 2)
    assert in_process.threads_for("vitals", 3) == 1
    assert [in_process.threads_for("breast_cancer", sites) for sites in (2, 3, 4)] == [2, 3, 2]
