"""What the strategies make of updates, for any updates."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.table import FloatArray
from fl.course import Course
from fl.grid.flower import FIRST_SITE, SiteGrid
from fl.grid.watched import WatchedGrid
from fl.request import RunRequest
from fl.strategies import STRATEGIES
from fl.strategies.ruled import Ruled
from fl.watcher import QuorumLost, SiteInfo, Stop
from tests.fl.told import Told

SIZE = 5
FLOATS = st.floats(-1e3, 1e3, width=32)
MEANS_BY_ROWS = ("fedavg", "fedprox")
WITHIN_THE_HULL = (*MEANS_BY_ROWS, "equal", "fedmedian", "fedtrimmedavg", "krum", "multikrum", "fedcostw", "fedpid")
UPDATES = st.lists(st.tuples(arrays(np.float32, SIZE, elements=FLOATS), st.integers(1, 10_000)), min_size=1, max_size=8)


class PlayedGrid(SiteGrid):
    """Gives prepared updates as replies, in the order of ``order``."""

    def __init__(self, updates: list[tuple[FloatArray, int]], order: list[int]) -> None:
        super().__init__(len(updates))
        self._updates = updates
        self._order = order

    def stream(self, messages: Sequence[Message], deadline: float = math.inf) -> Iterator[list[Message]]:
        by_node = {message.metadata.dst_node_id: message for message in messages}
        for position in self._order:
            weights, count = self._updates[position]
            content = RecordDict(
                {
                    "arrays": ArrayRecord({"weights": Array(weights)}),
                    "metrics": MetricRecord({"num-examples": count, "train_loss": 0.0}),
                }
            )
            yield [Message(content, reply_to=by_node[FIRST_SITE + position])]


def aggregate(name: str, updates: list[tuple[FloatArray, int]], order: list[int] | None = None) -> FloatArray:
    grid = PlayedGrid(updates, order or list(range(len(updates))))
    sites = [SiteInfo(position, f"Site {position}", 10_000) for position in range(len(updates))]
    watched = WatchedGrid(grid, Course(RunRequest("breast_cancer"), sites, Told(), Stop()))
    watched.weights = np.full(SIZE, 1e6, dtype=np.float32)  # far from all updates, so that none counts as large
    strategy = STRATEGIES[name].make(STRATEGIES[name].settings({}))
    if isinstance(strategy, Ruled):
        strategy.meet(watched.sites, lambda weights: np.square(weights.astype(np.float64)))
    start = ArrayRecord({"weights": Array(watched.weights)})
    messages = list(strategy.configure_train(1, start, ConfigRecord({}), grid))
    aggregated, _ = strategy.aggregate_train(1, watched.send_and_receive(messages))
    assert aggregated is not None
    return np.asarray(aggregated["weights"].numpy())


@pytest.mark.parametrize("name", WITHIN_THE_HULL)
@given(updates=UPDATES)
@settings(max_examples=25, deadline=None)
def test_the_global_model_lies_within_the_hull_of_the_updates(name: str, updates: list[tuple[FloatArray, int]]) -> None:
    stacked = np.stack([weights for weights, _ in updates])
    slack = 1e-5 * (1 + np.abs(stacked).max())
    mean = aggregate(name, updates)
    assert (mean >= stacked.min(axis=0) - slack).all()
    assert (mean <= stacked.max(axis=0) + slack).all()


@pytest.mark.parametrize("name", MEANS_BY_ROWS)
@given(updates=UPDATES)
@settings(max_examples=50, deadline=None)
def test_the_global_model_is_the_mean_weighted_by_rows(name: str, updates: list[tuple[FloatArray, int]]) -> None:
    weights, counts = zip(*updates, strict=True)
    expected = np.average(np.stack(weights).astype(np.float64), axis=0, weights=counts)
    np.testing.assert_allclose(aggregate(name, updates), expected, rtol=1e-5, atol=1e-3)


@given(updates=UPDATES, seed=st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_in_which_sites_answer_makes_no_difference(
    updates: list[tuple[FloatArray, int]], seed: object
) -> None:
    order = list(range(len(updates)))
    seed.shuffle(order)  # type: ignore[attr-defined]
    assert np.array_equal(aggregate("fedavg", updates), aggregate("fedavg", updates, order))


@given(updates=UPDATES)
@settings(max_examples=20, deadline=None)
def test_equal_updates_are_their_own_mean(updates: list[tuple[FloatArray, int]]) -> None:
    same = [(updates[0][0], count) for _, count in updates]
    np.testing.assert_allclose(aggregate("fedavg", same), updates[0][0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("moved", "taken"), [(0.0, True), (1e-7, True), (1e-2, False)])
def test_the_same_update_twice_is_a_replay_only_if_the_global_model_has_moved_away_from_it(
    moved: float, taken: bool
) -> None:
    update = np.ones(SIZE, dtype=np.float32)
    grid = PlayedGrid([(update, 1)], [0])
    watched = WatchedGrid(grid, Course(RunRequest("breast_cancer"), [SiteInfo(0, "Site A", 10)], Told(), Stop()))
    watched.round, watched.weights = 1, update * 2
    messages = [Message(RecordDict({}), dst_node_id=FIRST_SITE, message_type="train")]
    assert len(watched.send_and_receive(messages)) == 1
    watched.round, watched.weights = 2, update * np.float32(1 + moved)
    if taken:
        assert len(watched.send_and_receive(messages)) == 1
        return
    with pytest.raises(QuorumLost, match="it sent its update of an earlier round again"):
        watched.send_and_receive(messages)
