"""The one place that touches what Flower keeps private, so that a new version can break only this file.

Private here: the identity of the process (``flwr.supercore.task_identity``), the run record (``flwr.supercore.run``),
where records keep their entries, and the order in which the simulation registers its nodes.
tests/fl/test_flower_private_parts.py names the part that moved when one does.
"""

import logging
import math
import time
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity
from numpy.typing import NDArray

from fl.watcher import Stop

SERVER_NODE = 1
FIRST_SITE = 2  # node of the site at position 0
RUN = 1

logging.getLogger("flwr").setLevel(logging.ERROR)  # Flower tells every step on the console; a Watcher is told here


@lru_cache(maxsize=16)
def _name_of(dtype: "np.dtype[Any]") -> str:
    return str(dtype)  # numpy takes longer over it than over adding up a small network


class LiveArray(Array):
    """An Array that becomes bytes only when somebody asks for them: between two parts of one process nobody does."""

    _values: NDArray[Any]

    def __init__(self, values: NDArray[Any]) -> None:
        # past Array's own __setattr__, which drops what it has cached
        self.__dict__.update(_values=values, dtype=_name_of(values.dtype), shape=values.shape, stype="numpy.ndarray")

    @property
    def data(self) -> bytes:  # type: ignore[override]
        """The array as Flower sends it."""
        return Array(self._values).data

    def numpy(self) -> NDArray[Any]:
        """Return a copy, as an Array made from bytes does."""
        return self._values.copy()

    def view(self) -> NDArray[Any]:
        """Return the values themselves, to look at."""
        return self._values


class LiveContent(RecordDict):
    """The content of an answer within one process: arrays and numbers, taken as they are.

    A RecordDict looks at every entry when it is put in, and again each time somebody asks for those of one kind; for
    a thousand small sites that is more work than their training.

    Parameters
    ----------
    arrays, metrics : entries of the ArrayRecord "arrays" and of the MetricRecord "metrics".
    """

    def __init__(self, arrays: Mapping[str, LiveArray], metrics: Mapping[str, int | float]) -> None:
        super().__init__()
        array_record, metric_record = ArrayRecord(), MetricRecord()
        _entries(array_record).update(arrays)
        _entries(metric_record).update(metrics)
        _entries(self).update(arrays=array_record, metrics=metric_record)

    @property
    def array_records(self) -> dict[str, ArrayRecord]:  # type: ignore[override]
        """The records of arrays by name."""
        return {name: record for name, record in _entries(self).items() if isinstance(record, ArrayRecord)}

    @property
    def metric_records(self) -> dict[str, MetricRecord]:  # type: ignore[override]
        """The records of numbers by name."""
        return {name: record for name, record in _entries(self).items() if isinstance(record, MetricRecord)}


def _entries(record: Any) -> dict[str, Any]:
    """Return the dictionary in which a record of Flower keeps its entries."""
    entries: dict[str, Any] = record.__dict__["_data"]
    return entries


def values_of(array: Array) -> NDArray[Any]:
    """Return the values of an Array to look at, not to change."""
    return array.view() if isinstance(array, LiveArray) else array.numpy()


class SiteGrid(Grid):
    """A grid over ``sites`` nodes of this installation; subclasses say how a message is answered.

    Parameters
    ----------
    sites : number of sites; the one at position ``i`` is node ``FIRST_SITE + i``.
    """

    def __init__(self, sites: int) -> None:
        # Flower's identity is global to a process, hence one federation a process at a time.
        TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = RUN, SERVER_NODE, 1
        self._nodes = list(range(FIRST_SITE, FIRST_SITE + sites))
        self._run = Run.create_empty(RUN)

    @abstractmethod
    def stream(self, messages: Sequence[Message], deadline: float = math.inf) -> Iterator[list[Message]]:
        """Yield replies as they arrive, some at a time, an error reply for a site that fails.

        Parameters
        ----------
        messages : all of one type and with the same content.
        deadline : moment of ``time.monotonic`` at which to stop waiting; sites that are late are not among the replies.
        """

    def set_run(self, run: Run) -> None:
        """Take over Flower's description of the run."""
        self._run = run

    @property
    def run(self) -> Run:
        """Flower's description of the run."""
        return self._run

    def create_message(
        self, content: RecordDict, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        """Return a message to a node."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def get_node_ids(self) -> Iterable[int]:
        """Return the nodes in the order of positions."""
        return list(self._nodes)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Not offered: replies are streamed."""
        raise NotImplementedError("use send_and_receive or stream")

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """Not offered: replies are streamed."""
        raise NotImplementedError("use send_and_receive or stream")

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        """Return the replies to all messages."""
        return [reply for some in self.stream(list(messages)) for reply in some]


def site_context(position: int, sites: int) -> Context:
    """Return the context of the site at ``position``, as Flower's own simulation makes it."""
    config: dict[str, bool | float | int | str] = {"partition-id": position, "num-partitions": sites}
    return Context(RUN, FIRST_SITE + position, config, RecordDict(), {})


def server_context() -> Context:
    """Return the context of the ServerApp."""
    return Context(RUN, SERVER_NODE, {}, RecordDict(), {})


def positions(grid: Grid, sites: int, stop: Stop) -> dict[int, int]:
    """Return node → position, after waiting until all sites are there."""
    while len(nodes := _nodes_in_order(grid)) < sites:
        stop.check()
        time.sleep(0.02)
    return {node: position for position, node in enumerate(nodes)}


def _nodes_in_order(grid: Grid) -> list[int]:
    if isinstance(grid, SiteGrid):
        return list(grid.get_node_ids())
    # The simulation gives its nodes random numbers; it keeps them in the order of their partition-id.
    return [node.node_id for node in grid.state.get_node_info()]  # type: ignore[attr-defined]


def stream(grid: Grid, messages: Sequence[Message], stop: Stop, deadline: float = math.inf) -> Iterator[list[Message]]:
    """Yield replies as they arrive until ``deadline``; raises Cancelled soon after ``stop`` is set."""
    if isinstance(grid, SiteGrid):
        yield from grid.stream(messages, deadline)
        return
    waiting = set(grid.push_messages(messages))
    while waiting and time.monotonic() < deadline:
        stop.check()
        replies = list(grid.pull_messages(waiting))
        waiting -= {reply.metadata.reply_to_message_id for reply in replies}
        if replies:
            yield replies
        elif waiting:
            time.sleep(0.02)  # Flower's in-memory grid can only be asked again
