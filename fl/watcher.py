"""What a federated run tells whoever watches it, and how it is asked to stop.

fl.federation computes and knows nothing of databases; a Watcher (fl.recorder writes it down) is called as things
happen, from the thread that runs the federation. Calls must return quickly and must not raise.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from data.table import FloatArray
from models.preparation import Preparation

SiteState = Literal["waiting", "computing", "answered", "dropped", "refused"]
Level = Literal["info", "warning", "error"]


class Cancelled(Exception):
    """The run was asked to stop; the last good global model stands."""


class QuorumLost(Exception):
    """Too few sites sent a usable update; the message names them. The last good global model stands."""


class Stop:
    """A flag that long computations look at; set from another thread to cancel a run.

    Parameters
    ----------
    of : another one, whose being set counts for this one too.
    """

    def __init__(self, of: "Stop | None" = None) -> None:
        self._event = threading.Event()
        self._of = of

    def set(self) -> None:
        """Ask for the end."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether the end was asked for."""
        return self._event.is_set() or (self._of is not None and self._of.is_set())

    def check(self) -> None:
        """Raise Cancelled when the end was asked for."""
        if self.is_set():
            raise Cancelled("cancelled on request")


@dataclass(frozen=True)
class SiteInfo:
    """A site of a run. ``site_id`` and ``dataset_ids`` are database keys, None and () for a part of public data.

    ``synthetic`` of its ``samples`` are generated rows.
    """

    position: int
    name: str
    samples: int = 0
    positives: int = 0
    synthetic: int = 0
    site_id: int | None = None
    dataset_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A site that was left out of a round and the sentence why."""

    position: int
    site: str
    reason: str


@dataclass(frozen=True)
class RoundResult:
    """The global model after round ``round`` (0: before training) on the held-out rows."""

    round: int
    loss: float
    metrics: Mapping[str, float]  # auc, accuracy, sensitivity, specificity, ece
    seconds: float
    replies: int
    failures: Sequence[Failure] = field(default_factory=tuple)
    bytes_up: int = 0  # from one site
    bytes_down: int = 0  # to one site


@dataclass(frozen=True)
class Snapshot:
    """All that a run needs to go on after ``round`` rounds."""

    round: int
    weights: FloatArray  # (p,) flat, in the order of Module.parameters() then buffers
    preparation: Preparation
    carried: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # what else the server keeps between rounds


class Watcher(Protocol):
    """Receives the progress of a run."""

    def phase(self, text: str) -> None:
        """Tell what is being done now: "warming up", "asking sites for medians", "training", "measuring benefit"."""

    def sites(self, sites: Sequence[SiteInfo]) -> None:
        """Name the sites, once, before training."""

    def site_state(self, position: int, round: int, state: SiteState) -> None:
        """Tell that a site waits, computes, answered, dropped or was refused."""

    def site_update(
        self, position: int, round: int, loss: float, metrics: Mapping[str, float], seconds: float, samples: int
    ) -> None:
        """Give the score of one site's accepted update on the held-out rows."""

    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None:
        """Give the global model's score; the snapshot is complete and may be written down."""

    def event(self, text: str, level: Level = "info") -> None:
        """Say one plain sentence about something worth knowing."""


class Silent:
    """A Watcher that drops everything; for tests and training by command."""

    def phase(self, text: str) -> None: ...
    def sites(self, sites: Sequence[SiteInfo]) -> None: ...
    def site_state(self, position: int, round: int, state: SiteState) -> None: ...
    def site_update(
        self, position: int, round: int, loss: float, metrics: Mapping[str, float], seconds: float, samples: int
    ) -> None: ...
    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None: ...
    def event(self, text: str, level: Level = "info") -> None: ...


class Relay:
    """A Watcher that passes everything on to ``inner``; what does more than that overrides what it needs."""

    def __init__(self, inner: Watcher) -> None:
        self.inner = inner

    def phase(self, text: str) -> None:
        """Pass on, as all of these."""
        self.inner.phase(text)

    def sites(self, sites: Sequence[SiteInfo]) -> None:
        self.inner.sites(sites)

    def site_state(self, position: int, round: int, state: SiteState) -> None:
        self.inner.site_state(position, round, state)

    def site_update(
        self, position: int, round: int, loss: float, metrics: Mapping[str, float], seconds: float, samples: int
    ) -> None:
        self.inner.site_update(position, round, loss, metrics, seconds, samples)

    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None:
        self.inner.round_done(result, snapshot)

    def event(self, text: str, level: Level = "info") -> None:
        self.inner.event(text, level)
