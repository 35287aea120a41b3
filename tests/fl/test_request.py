"""What may be asked of a run."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fl.request import RequestError, RunRequest
from models.registry import get_task

GOOD = RunRequest("breast_cancer")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"task": "flu"}, "There is no task 'flu'"),
        ({"sites": -1}, "sites is -1: give a whole number from 0"),
        ({"sites": 0}, "a run needs at least one site"),
        ({"rounds": 0}, "rounds is 0: give a whole number from 1"),
        ({"rounds": 2.5}, "rounds is 2.5"),
        ({"local_epochs": True}, "local_epochs is True"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0: give a number above 0 and at most 10"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"quorum": 1.5}, "quorum is 1.5: give a number above 0 and at most 1"),
        ({"partition": "by colour"}, 'unknown partition "by colour"'),
        ({"partition": "dirichlet:0"}, '"0" is no Dirichlet'),
        ({"partition": "natural"}, "task breast_cancer has no natural sites"),
        ({"executor": "cloud"}, "executor 'cloud' is not known: choose one of auto"),
        ({"strategy": "best"}, "strategy 'best' is not known: choose one of fedavg, fedprox"),
        ({"strategy_settings": {"mu": 1}}, "strategy fedavg has no parameter 'mu': it takes none"),
        ({"strategy": "fedprox", "strategy_settings": {"proximal_mu": -1}}, "proximal_mu of strategy fedprox is -1"),
        ({"datasets": (1, 1)}, "names the same dataset twice"),
    ],
)
def test_a_wrong_request_is_refused_with_what_would_be_right(change: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError) as refused:
        replace(GOOD, **change).validated()
    assert words in str(refused.value)


def test_defaults_of_the_strategy_are_filled_in() -> None:
    assert replace(GOOD, strategy="fedprox").validated().strategy_settings == {"proximal_mu": 0.1}


def test_defaults_of_the_task_are_taken_and_can_be_changed() -> None:
    task = get_task("breast_cancer")
    request = RunRequest.for_task(task, rounds=7, seed=None)
    assert (request.rounds, request.seed) == (7, 0)
    assert request.local_epochs == task.training.local_epochs


@given(
    rounds=st.integers(1, 100),
    datasets=st.lists(st.integers(1, 99), unique=True).map(tuple),
    rate=st.floats(1e-6, 1),
    mu=st.floats(0, 10),
)
@settings(max_examples=30, deadline=None)
def test_a_request_survives_being_written_and_read(rounds: int, datasets: Any, rate: float, mu: float) -> None:
    request = replace(
        GOOD,
        rounds=rounds,
        datasets=datasets,
        learning_rate=rate,
        strategy="fedprox",
        strategy_settings={"proximal_mu": mu},
    )
    assert RunRequest.from_json(request.to_json()) == request
    assert RunRequest.from_json(request.plan) == request


def test_a_document_that_is_no_request_is_refused() -> None:
    with pytest.raises(RequestError, match="has no field 'round'"):
        RunRequest.from_json({"task": "vitals", "round": 3})
    with pytest.raises(RequestError, match="must be a JSON object with the field task"):
        RunRequest.from_json("[]")
    with pytest.raises(RequestError, match="is not JSON"):
        RunRequest.from_json("{")
