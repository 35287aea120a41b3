"""One federation on its way: what was asked, who takes part, and what has come of it so far."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from data.table import FloatArray
from fl.request import RunRequest
from fl.watcher import RoundResult, SiteInfo, Snapshot, Stop, Watcher
from models.preparation import Preparation


@dataclass
class Course:
    """Passed to an executor, which runs the ServerApp over its sites; the ServerApp fills in the second half.

    Parameters
    ----------
    request, sites, watcher, stop, start : as in fl.federation.federate.
    began : when it was asked for, by ``time.monotonic``.
    snapshot : the last good global model.
    rounds : results in this process, from round 0 or, resumed, from the first new round.
    alone : position → weights and preparation of the site that trained without the others.
    personal : position → what the site gained by training further, see fl.personal.
    left_out : position → rows the site left out because they are held out for scoring.
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
    left_out: dict[int, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
