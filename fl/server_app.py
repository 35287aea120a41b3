"""The Flower ServerApp: asks sites for what the preparation needs, then runs the strategy round by round.

The strategy is Flower's, unmodified; its public steps are called here rather than by ``Strategy.start``, so that a
resumed run goes on with the right round number.
"""

import gc
import random
import time
from collections.abc import Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from numpy.typing import NDArray

from data.table import FloatArray
from fl.assignment import pack
from fl.course import ROWS, Course, rows_told, training_on
from fl.evaluation import HeldOut
from fl.grid.flower import values_of
from fl.grid.watched import EARLIER, Numbers, WatchedGrid
from fl.local import initial_weights, network_of, public_preparation, seed_of
from fl.personal import as_json
from fl.privacy.guard import Guard
from fl.sites import public_rows
from fl.strategies import STRATEGIES
from fl.strategies.memory import memory_of, remind
from fl.strategies.rule import Array as Array64
from fl.strategies.ruled import Ruled
from fl.watcher import RoundResult, SiteInfo, Snapshot
from models.language.lora import Factors, aggregation_error
from models.preparation import Moments, Preparation, combine_medians, combine_moments, out_of_line
from models.registry import get_task
from models.task import Task

if TYPE_CHECKING:
    from fl.privacy.secure_server import SecureSum

SERVER = 1_000_001  # position, for the seed, of the server's own draws


def server_app(course: Course) -> ServerApp:
    """Return the ServerApp of one federation; what comes of it is written into ``course``."""
    app = ServerApp()

    @app.main()
    def main(grid: Grid, _context: Context) -> None:
        watched = WatchedGrid(grid, course)
        course.snapshot = course.start or _first_snapshot(watched, course)
        _rounds(watched, course)
        if course.request.benefit:
            _train_each_alone(watched, course)
            if course.request.personal:
                _train_each_further(watched, course)

    return app


def _first_snapshot(grid: WatchedGrid, course: Course) -> Snapshot:
    task = get_task(course.request.task)
    weights = initial_weights(task, course.request.seed)
    if course.request.private:  # what sites say of their rows here would have no noise
        course.watcher.event("Inputs are standardised by the public calibration rows: no site was asked about its own.")
        return Snapshot(0, weights, public_preparation(task))
    course.watcher.phase("asking sites for medians" if task.standardised else "asking sites for their rows")
    answers = grid.ask_quorum("query.medians")
    _count_rows(course, answers)
    for site, answer in answers:
        if left_out := int(answer["left-out"]):
            rows = "row that is" if left_out == 1 else "rows that are"
            course.watcher.event(f"{site.name} left out {left_out} {rows} also held out for scoring.", "warning")
    if not task.standardised:
        return Snapshot(0, weights, Preparation.none(), {ROWS: rows_told(course.sites)})
    fill = combine_medians([(answer["medians"], answer["counts"]) for _, answer in answers])
    course.watcher.phase("asking sites for means and deviations")
    answers = grid.ask_quorum("query.moments", _record({"fill": fill}))
    moments = [(float(answer["num-examples"]), answer["sums"], answer["squares"]) for _, answer in answers]
    foreign = out_of_line(moments)
    for (site, _), own, columns in zip(answers, moments, foreign, strict=True):
        if columns.any():
            course.watcher.event(_other_units(task, site.name, own, columns, moments), "warning")
    mean, scale = combine_moments(moments, foreign)
    return Snapshot(0, weights, Preparation(fill, mean, scale), {ROWS: rows_told(course.sites)})


def _count_rows(course: Course, answers: Sequence[tuple[SiteInfo, Numbers]]) -> None:
    """Count for each site only the rows that it trains on, without those it left out or set aside."""
    counted = list(course.sites)
    for site, answer in answers:
        rows = int(answer["num-examples"])
        if rows != site.samples:
            counted[site.position] = training_on(site, rows, int(answer.get("positives", site.positives)))
    if counted != list(course.sites):
        course.sites = counted
        course.watcher.sites(counted)


def _other_units(task: Task, name: str, own: Moments, columns: NDArray[np.bool_], all_sites: list[Moments]) -> str:
    """Say that a site's values are far from all others', with the one that is furthest."""
    usual = np.median([sums / count for count, sums, _ in all_sites], axis=0)
    mean = own[1] / own[0]
    worst = int(np.argmax(np.where(columns, np.abs(mean - usual) / np.maximum(np.abs(usual), 1e-9), -1.0)))
    known = task.schema.columns
    title = known[worst].title if len(known) == len(columns) else f"input {worst + 1}"
    return (
        f"{name}: {columns.sum()} of {len(columns)} inputs lie far from those of all other sites, as if in another "
        f"unit ({title}: mean {mean[worst]:.3g}, elsewhere {usual[worst]:.3g}). How inputs are standardised is "
        "decided without them; check the units there."
    )


def _rounds(grid: WatchedGrid, course: Course) -> None:
    assert course.snapshot is not None
    request, snapshot = course.request, course.snapshot
    course.watcher.phase("training")
    strategy: FedAvg = STRATEGIES[request.strategy].make(request.strategy_settings)
    strategy.fraction_train = request.fraction
    strategy.train_metrics_aggr_fn = _no_metrics
    net = network_of(request.task)
    factors: Sequence[Factors] = getattr(net.network, "factors", ())
    if isinstance(strategy, Ruled):
        judge = ServerRows(request.task, snapshot.preparation).losses
        strategy.meet(grid.sites, judge, factors, len(net.learned))
    remind(strategy, snapshot.carried)
    guard = Guard(request, course.sites)
    rule = guard.around(strategy)
    exchange = _exchange(grid, course)
    grid.heldout = HeldOut(get_task(request.task), snapshot.preparation)
    config = ConfigRecord({"plan": request.plan, **pack(snapshot.preparation)})
    arrays = _record({"weights": snapshot.weights})
    if course.start is None:
        loss, metrics = grid.heldout.score(snapshot.weights)
        metrics.update(guard.spent(0))
        for sentence in guard.words(len(snapshot.weights), len(course.sites)):
            course.watcher.event(sentence)
        _tell(course, RoundResult(0, loss, metrics, 0.0, 0), snapshot)
    _leave_out_of_collection()
    course.seconds["startup"] = time.monotonic() - course.began
    for round in range(snapshot.round + 1, request.rounds + 1):
        if reason := guard.ends_before(round):
            course.watcher.event(reason, "warning")
            break
        began = time.perf_counter()
        grid.round, grid.weights = round, snapshot.weights
        random.seed(seed_of(request.seed, round, SERVER))  # with which Flower samples sites
        replies = exchange.send_and_receive(list(rule.configure_train(round, arrays, config, grid.inner)))
        aggregated, _ = rule.aggregate_train(round, replies)
        if aggregated is None:
            text = f"{len(replies)} updates are too few for {request.strategy}: round {round} left the model as it was."
            course.watcher.event(text, "warning")
        else:
            arrays = _as_float32(aggregated)
        if isinstance(strategy, Ruled) and strategy.said:
            course.watcher.event(strategy.said)
        carried = {EARLIER: grid.earlier.marks.copy(), ROWS: rows_told(course.sites), **memory_of(strategy)}
        snapshot = Snapshot(round, arrays["weights"].numpy(), snapshot.preparation, carried)
        loss, metrics = grid.heldout.score(snapshot.weights)
        metrics.update(guard.spent(round))
        if factors and replies and isinstance(exchange, WatchedGrid):
            metrics["aggregation_error"] = _aggregation_error(factors, replies, snapshot.weights)
        if not isinstance(exchange, WatchedGrid):
            metrics["secure_seconds"] = exchange.seconds
        seconds = time.perf_counter() - began
        result = RoundResult(
            round, loss, metrics, seconds, len(replies), tuple(grid.failures), grid.bytes_up, grid.bytes_down
        )
        _tell(course, result, snapshot)
        course.seconds.setdefault("first_round", time.monotonic() - course.began)
    course.seconds["rounds"] = time.monotonic() - course.began - course.seconds["startup"]


def _exchange(grid: WatchedGrid, course: Course) -> "WatchedGrid | SecureSum":
    """Return what carries a round's updates to the server: one by one, or as a sum."""
    if not course.request.secure_aggregation:
        return grid
    from fl.privacy.secure_server import SecureSum

    return SecureSum(grid, course)


class ServerRows:
    """The task's calibration rows, by which the server may judge models: no result is scored on them.

    Parameters
    ----------
    task, preparation : whose rows, and what turns them into features.
    """

    def __init__(self, task: str, preparation: Preparation) -> None:
        self._task, self._preparation = task, preparation

    @cached_property
    def _rows(self) -> HeldOut:
        return HeldOut(get_task(self._task), self._preparation, public_rows(self._task, "calibration"))

    def losses(self, weights: FloatArray) -> Array64:
        """Return the (s, n) loss of each of (s, p) weights on each row; the largest where it gives no finite answer."""
        return self._rows.row_losses(weights)


def _aggregation_error(factors: Sequence[Factors], replies: Sequence[Message], joined: FloatArray) -> float:
    """Return how far the joined adapters are from the mean of the sites' adapters, weighted by rows."""
    sent = [values_of(reply.content.array_records["arrays"]["weights"]) for reply in replies]
    counts = [float(reply.content.metric_records["metrics"]["num-examples"]) for reply in replies]  # type: ignore[arg-type]
    return aggregation_error(factors, np.stack(sent), np.array(counts) / sum(counts), joined)


def _as_float32(arrays: ArrayRecord) -> ArrayRecord:
    """Return weights as sites take them: some server optimisers compute with more digits."""
    weights = arrays["weights"].numpy()
    return arrays if weights.dtype == np.float32 else _record({"weights": weights.astype(np.float32)})


@cache
def _leave_out_of_collection() -> None:
    """Keep Python from looking again and again for garbage in what is imported: a fifth of a round of many sites."""
    gc.freeze()


def _no_metrics(_replies: list[RecordDict], _weighted_by: str) -> MetricRecord:
    """Stand in for the mean of what sites say of themselves, which nobody reads and which costs more than training."""
    return MetricRecord()


def _train_each_alone(grid: WatchedGrid, course: Course) -> None:
    """Ask each site for the model it trains by itself: one without it has no benefit to show, which is no failure."""
    count = len(course.sites)
    course.watcher.phase(f"measuring benefit: 0 of {count} sites trained alone")
    for site, answer in grid.ask("train.alone"):
        weights: FloatArray = answer["weights"]
        course.alone[site.position] = weights, Preparation(answer["fill"], answer["mean"], answer["scale"])
        course.watcher.phase(f"measuring benefit: {len(course.alone)} of {count} sites trained alone")


def _train_each_further(grid: WatchedGrid, course: Course) -> None:
    """Ask each site how much better the finished model does there after some training on its own rows."""
    assert course.snapshot is not None
    count, snapshot = len(course.sites), course.snapshot
    course.watcher.phase(f"measuring benefit: 0 of {count} sites trained further")
    config = ConfigRecord({**pack(snapshot.preparation), "server-round": snapshot.round + 1})
    for site, answer in grid.ask("train.personal", _record({"weights": snapshot.weights}), config):
        course.personal[site.position] = as_json(answer)
        course.watcher.phase(f"measuring benefit: {len(course.personal)} of {count} sites trained further")


def _tell(course: Course, result: RoundResult, snapshot: Snapshot) -> None:
    course.snapshot = snapshot
    course.rounds.append(result)
    course.watcher.round_done(result, snapshot)


def _record(arrays: dict[str, FloatArray]) -> ArrayRecord:
    return ArrayRecord({name: Array(values) for name, values in arrays.items()})
