"""Secure aggregation: the server gets the sum of a round, and nothing from which one update could be had."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, Message
from hypothesis import given, settings
from hypothesis import strategies as st

from fl.client_app import app
from fl.federation import Outcome, federate
from fl.grid.flower import values_of
from fl.grid.watched import WatchedGrid
from fl.privacy.masks import Scale, mask, own_mask
from fl.privacy.secure_server import neighbours_of, threshold_of
from fl.request import RequestError, RunRequest
from fl.strategies import STRATEGIES
from fl.watcher import QuorumLost, Stop
from models.registry import get_task
from tests.fl.told import Told

TASK = get_task("breast_cancer")
SECURE = RunRequest.for_task(TASK, sites=5, rounds=2, secure_aggregation=True)


def run(request: RunRequest, told: Told | None = None, client: Any = None, start: Any = None) -> Outcome:
    return federate(request, watcher=told or Told(), stop=Stop(), client=client, start=start)


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """All that reaches the server, copied as it comes off the grid: (kind of message, what it holds)."""
    seen: list[tuple[str, dict[str, Any]]] = []
    answers = WatchedGrid._answers

    def listen(self: WatchedGrid, messages: Any) -> Iterator[list[Message]]:
        for replies in answers(self, messages):
            for reply in replies:
                held: dict[str, Any] = {}
                for records in (reply.content.config_records, reply.content.metric_records):
                    held |= {name: value for record in records.values() for name, value in record.items()}
                for record in reply.content.array_records.values():
                    held |= {name: values_of(array).copy() for name, array in record.items()}
                seen.append((reply.metadata.message_type, held))
            yield replies

    monkeypatch.setattr(WatchedGrid, "_answers", listen)
    return seen


def test_the_sum_gives_the_weights_of_an_open_run(home: object) -> None:
    open_run = replace(SECURE, secure_aggregation=False, dp_epsilon=0.0)
    told = Told()
    run(replace(SECURE, rounds=1), told)
    start = told.snapshots[0]  # an open run standardises by what sites say, so both go on from here
    expected = run(open_run, start=start)
    found = run(SECURE, start=start)
    np.testing.assert_allclose(found.weights, expected.weights, rtol=0, atol=1e-5)


def test_nothing_that_reaches_the_server_holds_a_single_update(
    home: object, received: list[tuple[str, dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = Told()
    run(replace(SECURE, rounds=1), told)
    vectors = [held["weights"] for kind, held in received if kind == "train"]
    assert len(vectors) == 5
    for vector in vectors:
        assert vector.dtype == np.uint32
        # masked numbers are spread evenly over all of 32 bits, whatever they hide
        assert abs(vector.astype(np.float64).mean() / 2**32 - 0.5) < 0.05
        counts, _ = np.histogram(vector, bins=16, range=(0, 2**32))
        assert counts.min() > 0.4 * len(vector) / 16  # six deviations below the mean: masks are drawn anew each time
    # and they are masks anew each time: the same round again gives other numbers and the same sum
    before, first = [vector.copy() for vector in vectors], told.snapshots[-1].weights
    received.clear()
    told = Told()
    run(replace(SECURE, rounds=1), told)
    again = [held["weights"] for kind, held in received if kind == "train"]
    assert all((one != other).mean() > 0.99 for one, other in zip(before, again, strict=True))
    assert np.array_equal(told.snapshots[-1].weights, first)
    # all else that comes is keys, sealed shares and seconds: no rows, no loss, no score
    names = {name for _, held in received for name in held}
    assert names == {
        *("pair", "channel", "receivers", "sealed", "taken", "weights", "seconds", "owners", "shares"),
    }
    assert all(np.isnan(loss) and not scores for _, _, loss, scores, _ in told.updates)
    assert "weights" not in caplog.text


def test_masks_come_off_when_sites_drop_out_after_they_shared_their_keys(home: object) -> None:
    told = Told()
    request = replace(SECURE, sites=8, drop=0.25, rounds=2, secure_threshold=0.6, seed=3)
    outcome = run(request, told)
    assert sum(len(result.failures) for result in outcome.rounds) > 0, "nobody dropped out"
    start = told.snapshots[0]
    expected = run(replace(request, secure_aggregation=False), start=start)
    np.testing.assert_allclose(outcome.weights, expected.weights, rtol=0, atol=1e-5)


def test_too_few_shares_end_the_run_with_a_sentence(home: object) -> None:
    request = replace(SECURE, sites=8, drop=0.6, quorum=0.1, secure_threshold=1.0)
    with pytest.raises(QuorumLost, match=r"gives no shares|masks of round 1 cannot be taken off"):
        run(request)


def test_an_interrupted_run_ends_with_the_same_bits(home: object) -> None:
    told = Told()
    whole = run(SECURE, told)
    assert np.array_equal(run(SECURE, start=told.snapshots[1]).weights, whole.weights)


def test_vectorised_and_one_after_the_other_give_the_same(home: object) -> None:
    one, other = (run(replace(SECURE, executor=executor)) for executor in ("in-process", "vectorised"))
    np.testing.assert_allclose(one.weights, other.weights, rtol=0, atol=1e-5)


def test_with_noise_for_whole_sites_the_sum_is_of_clipped_updates(home: object) -> None:
    told = Told()
    run(replace(SECURE, dp_epsilon=8.0, dp_level="client"), told)
    assert 7.8 < told.results[-1].metrics["epsilon"] <= 8
    assert told.results[-1].metrics["secure_seconds"] > 0


@pytest.mark.parametrize(
    "strategy", sorted(name for name, info in STRATEGIES.items() if info.individual and not info.adapters)
)
def test_a_rule_that_looks_at_single_updates_is_refused(strategy: str) -> None:
    with pytest.raises(RequestError, match="looks at each site's update, which secure aggregation hides"):
        replace(SECURE, strategy=strategy).validated()


def test_other_executors_and_low_thresholds_are_refused() -> None:
    with pytest.raises(RequestError, match="executor ray cannot aggregate securely"):
        replace(SECURE, executor="ray").validated()
    with pytest.raises(RequestError, match="two halves"):
        replace(SECURE, secure_threshold=0.5).validated()


def test_a_site_that_sends_open_weights_is_refused_and_named(home: object) -> None:
    def client(message: Message, context: Any) -> Message:
        reply = app(message, context)
        if message.metadata.message_type == "train" and context.node_config["partition-id"] == 1:
            reply.content["arrays"] = ArrayRecord({"weights": Array(np.full(1537, 0.5, dtype=np.float32))})
        return reply

    told = Told()
    run(replace(SECURE, rounds=1), told, client=client)
    assert any("Site B" in event and "masked numbers" in event for event in told.events)


@given(values=st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=5), sites=st.integers(1, 40))
@settings(max_examples=30, deadline=None)
def test_whole_numbers_add_up_to_the_mean(values: list[float], sites: int) -> None:
    scale, update = Scale(sites), np.array(values, dtype=np.float32)
    draws = np.random.default_rng(0)
    total = np.zeros(len(values) + 1, dtype=np.uint32)
    for _ in range(sites):
        total += scale.whole(update, 1.0, draws)
    np.testing.assert_allclose(scale.mean(total, sites), update, atol=20 * sites / scale.levels + 1e-6)


def test_a_mask_looks_random_and_depends_on_its_secret() -> None:
    one, other = own_mask(b"a" * 15, 4000), own_mask(b"b" * 15, 4000)
    assert np.array_equal(one, own_mask(b"a" * 15, 4000))
    assert (one != other).mean() > 0.99
    assert not np.array_equal(mask(bytes(32), 8), np.zeros(8))


def test_the_work_of_a_site_grows_slowly_and_thresholds_are_more_than_half() -> None:
    assert neighbours_of(10) == 10
    assert neighbours_of(100) < 40
    assert neighbours_of(1000) < 50
    assert threshold_of(0.51, 10) == 6
    assert threshold_of(1.0, 10) == 10
