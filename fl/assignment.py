"""What a message asks of a site, read once however many sites of this process it goes to, and the rows it takes.

A site keeps nothing that a message does not bring: the plan (the request as JSON text), the round, and the
preparation. What it has read and prepared is held until the run ends, so a warm round only computes.
"""

import threading
from functools import cached_property, lru_cache

import numpy as np
from flwr.app import Message, RecordDict
from torch import Tensor

from data.table import Dataset, FloatArray
from fl import sites
from fl.local import Recipe, preparation_at, seed_of, tensors_of
from fl.request import RequestError, RunRequest
from models.preparation import Preparation
from models.registry import get_task
from models.task import Task

PREPARATION = ("fill", "mean", "scale")

# NumPy reads the header of an array by ast.parse, whose depth Python 3.11 counts for all threads together: SystemError
# where two do it at once (https://github.com/python/cpython/issues/106905)
_reading = threading.Lock()
_ROWS: dict[tuple[str, int], sites.SiteRows] = {}
_TENSORS: dict[tuple[str, int], tuple[tuple[object, ...], tuple[Tensor, Tensor]]] = {}


class Assignment:
    """The content of a message.

    Parameters
    ----------
    content : as the ServerApp made it.
    """

    def __init__(self, content: RecordDict) -> None:
        self._content = content
        self._config = dict(content["config"])

    @cached_property
    def plan(self) -> str:
        """The request as text, under which rows are held."""
        return str(self._config["plan"])

    @cached_property
    def request(self) -> RunRequest:
        """The request that the message belongs to."""
        return _request(self.plan)

    @cached_property
    def task(self) -> Task:
        """The task of the request."""
        return _task(self.plan)

    @cached_property
    def round(self) -> int:
        """The round of a train message, from 1."""
        return int(self._config["server-round"])  # type: ignore[arg-type]

    @cached_property
    def recipe(self) -> Recipe:
        """How a train message wants sites to train."""
        mu = float(self._config.get("proximal-mu", 0.0))  # type: ignore[arg-type]
        return Recipe.of(self.request, self.task, self.round, mu)

    def array(self, name: str) -> FloatArray:
        """Return an array that came with the message."""
        with _reading:
            values: FloatArray = self._content["arrays"][name].numpy()  # type: ignore[union-attr]  # Flower types all records alike
        return values

    @cached_property
    def start(self) -> FloatArray:
        """The (p,) global weights of a train message."""
        return self.array("weights")

    @cached_property
    def pull(self) -> FloatArray | None:
        """What a train message wants added to every gradient, (learned,) values; None for nothing."""
        return self.array("pull") if "pull" in self._content.array_records["arrays"] else None

    def seed(self, position: int) -> int:
        """Return the seed of the training that a train message asks of the site at ``position``."""
        return seed_of(self.request.seed, self.round, position)

    def held(self, position: int) -> sites.SiteRows:
        """Return the rows of the site at ``position``, and how many it left out.

        Raises
        ------
        fl.request.RequestError, data.vault.VaultError
            When the site has no rows, or cannot open them.
        """
        key = self.plan, position
        own = _ROWS.get(key)
        if own is None:
            own = sites.rows_of(self.request, position)
            if not len(own.rows):
                raise RequestError("it has no rows left to train on: all of them are held out for scoring")
            _ROWS[key] = own
        return own

    def rows(self, position: int) -> Dataset:
        """Return the rows of the site at ``position``; raises as ``held`` does."""
        return self.held(position).rows

    def tensors(self, position: int) -> tuple[Tensor, Tensor]:
        """Return the (n, f) features and (n,) labels that a site trains on; raises as ``held`` does."""
        key, parts = (self.plan, position), self._parts
        held = _TENSORS.get(key)
        if held is None or held[0] != parts:
            held = _TENSORS[key] = parts, tensors_of(self.task, self.rows(position), self.preparation_at(position))
        return held[1]

    def preparation_at(self, position: int) -> Preparation:
        """Return what the site at ``position`` turns inputs into features by; raises as ``held`` does."""
        return preparation_at(self.request, self.task, self.rows(position), self.preparation)

    @cached_property
    def _parts(self) -> tuple[object, ...]:
        return tuple(self._config[name] for name in PREPARATION)

    @cached_property
    def preparation(self) -> Preparation:
        """The preparation that came with the message."""
        return Preparation(*(np.frombuffer(part, dtype="<f4") for part in self._parts))  # type: ignore[call-overload]


def assignment(message: Message) -> Assignment:
    """Return what ``message`` asks; messages with the same content share one."""
    global _last
    content, last = message.content, _last
    if last is None or last[0] is not content:  # looked at once: a site that hangs and comes back may put its own here
        last = _last = content, Assignment(content)
    return last[1]


_last: tuple[RecordDict, Assignment] | None = None


def pack(preparation: Preparation) -> dict[str, bytes]:
    """Return a preparation as the bytes that a train message carries."""
    return {name: getattr(preparation, name).astype("<f4").tobytes() for name in PREPARATION}


def drop(position: int) -> None:
    """Drop the rows of one site."""
    for held in (_ROWS, _TENSORS):
        for key in [key for key in held if key[1] == position]:
            held.pop(key, None)


def forget() -> None:
    """Drop all rows this process holds."""
    global _last
    _last = None
    _ROWS.clear()
    _TENSORS.clear()


@lru_cache(maxsize=16)
def _request(plan: str) -> RunRequest:
    return RunRequest.from_json(plan)


@lru_cache(maxsize=16)
def _task(plan: str) -> Task:
    return get_task(_request(plan).task)
