"""What the agent decides, by its formula, and that it withstands attacks that plain averaging does not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fl.federation import federate
from fl.request import RunRequest
from fl.strategies.agentic import CLIP, LEAST, Agentic, candidates, clip, evidence, surely_best
from fl.strategies.rule import Round
from fl.watcher import Stop
from models.registry import get_task
from tests.fl.told import Told

TRUTH = np.ones(4)


def judge(weights: np.ndarray) -> np.ndarray:
    """Sixteen rows that are the happier the nearer a model is to TRUTH, each by its own measure."""
    by_row = np.linspace(0.5, 1.5, 16)
    return np.square(weights.astype(np.float64) - TRUTH).sum(axis=1)[:, None] * by_row


def round_of(
    moves: np.ndarray, number: int = 1, judge: Callable[[np.ndarray], np.ndarray] = judge, told: float = 0.5
) -> Round:
    count = len(moves)
    return Round(
        number=number,
        start=np.zeros(4, dtype=np.float32),
        weights=moves.astype(np.float32),
        counts=np.full(count, 10.0),
        told=np.full(count, told),
        positions=list(range(count)),
        names=[f"Site {at}" for at in range(count)],
        sites=count,
        judge=judge,
    )


HONEST = np.full((5, 4), 0.5) + np.random.default_rng(0).normal(0, 0.0001, (5, 4))


def test_honest_sites_alike_are_averaged_by_their_rows() -> None:
    joined, said = Agentic().join(round_of(HONEST))
    np.testing.assert_allclose(joined, HONEST.mean(axis=0), rtol=1e-5)
    assert said == "Round 1: the agent keeps all 5 sites by their rows: no other weighing is clearly better."


def test_a_site_that_pulls_the_other_way_is_set_aside_and_named() -> None:
    moves = HONEST.copy()
    moves[3] = -moves[3]
    joined, said = Agentic().join(round_of(moves))
    np.testing.assert_allclose(joined, moves[[0, 1, 2, 4]].mean(axis=0), rtol=1e-5)
    assert said.startswith("Round 1: the agent sets aside Site 3: loss 1.0")
    assert said.endswith("on the server's rows, 1.960 with them.")


def test_what_a_site_says_of_its_loss_counts_for_nothing() -> None:
    moves = HONEST.copy()
    moves[3] = -moves[3]
    assert np.array_equal(Agentic().join(round_of(moves, told=0.0))[0], Agentic().join(round_of(moves, told=9.0))[0])


def test_suspicion_lasts_beyond_the_round() -> None:
    agent, moves = Agentic(), HONEST.copy()
    moves[3] = -moves[3]
    agent.join(round_of(moves))
    first = agent.state["suspicion"].copy()
    agent.join(round_of(HONEST, number=2))
    assert agent.state["suspicion"][3] == pytest.approx(0.6 * first[3], abs=1.0) and first[3] > 3
    assert agent.state["suspicion"][3] > 3 * agent.state["suspicion"][[0, 1, 2, 4]].max()


def test_training_at_rest_may_get_another_server_optimiser() -> None:
    agent = Agentic()
    said = [agent.join(round_of(HONEST, number=number))[1] for number in range(1, 7)]
    assert "adds momentum" not in said[0]
    assert said[-1].endswith(
        "; adds momentum."
    )  # every round starts from the same place here, so progress stands still


@given(
    st.lists(st.floats(0, 12), min_size=1, max_size=12),
    st.lists(st.integers(1, 500), min_size=12, max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_weights_stay_within_the_stated_bounds(suspicion: list[float], rows: list[int]) -> None:
    shares = np.array(rows[: len(suspicion)], dtype=np.float64)
    shares /= shares.sum()
    weighings = candidates(shares, np.array(suspicion))
    np.testing.assert_allclose(weighings.sum(axis=1), 1)
    np.testing.assert_allclose(weighings[0], shares)
    for weighing in weighings:
        kept = weighing > 0
        assert kept.sum() > len(shares) // 2
        among_kept = shares[kept] / shares[kept].sum()
        assert (weighing[kept] <= among_kept / LEAST + 1e-9).all()
        assert (weighing[kept] >= among_kept * LEAST - 1e-9).all()


@given(st.integers(2, 9), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_no_move_stays_longer_than_the_limit(count: int, seed: int) -> None:
    moves = np.random.default_rng(seed).standard_cauchy((count, 6))
    short, which = clip(moves)
    limit = CLIP * np.median(np.linalg.norm(moves, axis=1))
    assert (np.linalg.norm(short, axis=1) <= limit * (1 + 1e-9)).all()
    others = [at for at in range(count) if at not in which]
    np.testing.assert_array_equal(short[others], moves[others])


def test_evidence_grows_with_loss_and_with_moving_against_the_others() -> None:
    moves = np.array([[1.0, 0.0], [1.0, 0.1], [1.0, -0.1], [-1.0, 0.0]])
    seen = evidence(np.array([0.5, 0.5, 0.9, 0.5]), moves)
    assert seen[0] == 0.0 and seen[2] > 3 and seen[3] == pytest.approx(4, abs=0.1)


def test_a_gain_within_the_noise_of_the_rows_changes_nothing() -> None:
    noise = np.random.default_rng(1).normal(0, 1, 50)
    plain = np.full(50, 1.0)
    assert surely_best(np.stack([plain, plain - 0.02 + noise - noise.mean()]), 0.01) == 0
    assert surely_best(np.stack([plain, plain - 0.02]), 0.01) == 1
    assert surely_best(np.stack([plain, plain - 0.005]), 0.01) == 0


@pytest.mark.parametrize("attack", ["label_flip:0.3", "sign_flip:0.3"])
def test_the_agent_loses_less_to_attackers_than_averaging_and_says_whom_it_set_aside(home: object, attack: str) -> None:
    task, told = get_task("breast_cancer"), Told()
    request = RunRequest.for_task(task, attack=attack, benefit=False, rounds=10, seed=3)
    plain = federate(request, watcher=Told(), stop=Stop())
    guarded = federate(replace(request, strategy="agentic"), watcher=told, stop=Stop())
    assert guarded.rounds[-1].loss < plain.rounds[-1].loss
    assert sum(event.startswith("Round ") for event in told.events) == 10
    assert any("sets aside" in event for event in told.events)
