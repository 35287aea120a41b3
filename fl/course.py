"""One federation on its way: what was asked, who takes part, and what has come of it so far."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from fl.request import RunRequest
from fl.watcher import RoundResult, SiteInfo, Snapshot, Stop, Watcher
from models.preparation import Preparation

ROWS = "rows of sites"  # name under which the server carries them from round to round


@dataclass
class Course:
    """Passed to an executor, which runs the ServerApp over its sites; the ServerApp fills in the second half.

    Parameters
    ----------
    request, watcher, stop, start : as in fl.federation.federate.
    sites : who takes part; once they were asked, with the rows that each trains on.
    began : when it was asked for, by ``time.monotonic``.
    snapshot : the last good global model.
    rounds : results in this process, from round 0 or, resumed, from the first new round.
    alone : position → weights and preparation of the site that trained without the others.
    personal : position → what the site gained by training further, see fl.personal.
    seconds : startup (until the first round began), first_round (until it ended), rounds (all of them).
    """

    request: RunRequest
    sites: Sequence[SiteInfo]
    watcher: Watcher
    stop: Stop
    start: Snapshot | None = None
    began: float = field(default_factory=time.monotonic)
    snapshot: Snapshot | None = None
    rounds: list[RoundResult] = field(default_factory=list)
    alone: dict[int, tuple[FloatArray, Preparation]] = field(default_factory=dict)
    personal: dict[int, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def rows_told(sites: Sequence[SiteInfo]) -> NDArray[np.int64]:
    """Return (sites, 2) rows and positives of each, as a checkpoint keeps them."""
    return np.array([(site.samples, site.positives) for site in sites], dtype=np.int64).reshape(-1, 2)


def known_rows(sites: Sequence[SiteInfo], start: Snapshot | None) -> Sequence[SiteInfo]:
    """Return ``sites`` with the rows that a run which goes on from ``start`` was told of before."""
    if start is None or ROWS not in start.carried:
        return sites
    told = start.carried[ROWS].tolist()
    return [training_on(site, *own) for site, own in zip(sites, told, strict=True)]


def training_on(site: SiteInfo, rows: int, positives: int) -> SiteInfo:
    """Return ``site`` with the rows that it trains on, which are never more than it has receipts for."""
    rows = min(max(rows, 1), site.samples)
    positives = min(max(positives, 0), rows)
    return replace(site, samples=rows, positives=positives, synthetic=min(site.synthetic, rows))
