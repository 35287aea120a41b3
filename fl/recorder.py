"""Writes a run's progress into the database, off the thread that computes.

A call only leaves a note. A writer thread gathers what came within 50 ms (less for the first round, for which whoever
started the run is waiting) and commits it in one short transaction, then writes the checkpoint: rows first, so that no
round of the checkpoint lacks its row. Each batch begins by making sure that this process still holds the run;
otherwise it writes nothing and tells the run to stop.
"""

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import OperationalError

from data.database import now, transaction
from fl import batch as batches
from fl import checkpoint
from fl.batch import Batch, LeaseLost, finite, plain
from fl.checkpoint import Checkpoint
from fl.lease import Lease
from fl.watcher import Level, RoundResult, SiteInfo, SiteState, Snapshot

GATHER_SECONDS = 0.05
LARGEST_TRIES = 3  # each waits up to 15 s for the database


class RecordError(Exception):
    """Progress could not be written down; the message says why."""


class Recorder:
    """A Watcher that writes one run down.

    Parameters
    ----------
    lease : the run, and the right to write it.
    key : text that only this run has, for its checkpoints.
    start : the state it goes on from; rows of later rounds are deleted, since those rounds are computed again.

    Attributes
    ----------
    snapshot : the last complete state, None before the first.
    named : the run's sites, empty before they are known.
    """

    def __init__(self, lease: Lease, key: str, start: Checkpoint | None = None) -> None:
        self.snapshot: Snapshot | None = start.snapshot if start else None
        self.named: tuple[SiteInfo, ...] = ()
        self._run_id = lease.run_id
        self._lease = lease
        self._key = key
        self._up = dict(start.bytes_up) if start else {}
        self._down = dict(start.bytes_down) if start else {}
        self._round: dict[int, dict[str, Any]] = {}  # what is known of each site in the present round
        self._batch = Batch()
        self._changed = threading.Condition()
        self._closed = False
        self._failure: Exception | None = None
        with transaction() as session:
            batches.forget_after(session, lease.run_id, lease.owner, start.snapshot.round if start else None)
        self._thread = threading.Thread(target=self._keep_writing, name=f"recorder of run {self._run_id}", daemon=True)
        self._thread.start()

    def phase(self, text: str) -> None:
        """Note what is being done now."""
        with self._noting() as batch:
            batch.run["phase"] = text[:200]

    def sites(self, sites: Sequence[SiteInfo]) -> None:
        """Note who takes part."""
        self.named = tuple(sites)
        with self._noting() as batch:
            batch.sites = [self._site_row(site) for site in sites]

    def site_state(self, position: int, round: int, state: SiteState) -> None:
        """Note what a site does; a site left out of a round gets a row for it."""
        with self._noting() as batch:
            batch.states.setdefault(position, {})["state"] = state
            if state == "answered":
                batch.states[position]["round"] = round
            row = self._site_round(position, round)
            row["state"] = state
            if state in ("dropped", "refused"):
                batch.site_rounds[round, position] = dict(row)

    def site_update(
        self, position: int, round: int, loss: float, metrics: Mapping[str, float], seconds: float, samples: int
    ) -> None:
        """Note the score of a site's accepted update."""
        with self._noting() as batch:
            row = self._site_round(position, round)
            row |= {"state": "answered", "loss": finite(loss), "metrics": plain(metrics)}
            row |= {"seconds": seconds, "samples": samples}
            batch.site_rounds[round, position] = dict(row)

    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None:
        """Note the global model's score, and keep the state to go on from."""
        kept = replace(snapshot, weights=snapshot.weights.copy())
        self.snapshot = kept
        with self._noting() as batch:
            for failure in result.failures:
                row = self._site_round(failure.position, result.round)
                if row["state"] not in ("dropped", "refused"):
                    row["state"] = "dropped"
                row["reason"] = failure.reason
                batch.site_rounds[result.round, failure.position] = dict(row)
                batch.states.setdefault(failure.position, {})["state"] = row["state"]
            self._count_bytes(result, batch)
            batch.rounds.append(self._round_row(result))
            batch.run["round"] = result.round
            batch.state = Checkpoint(kept, dict(self._up), dict(self._down))
            self._round = {}

    def event(self, text: str, level: Level = "info") -> None:
        """Note a sentence for the log of events."""
        with self._noting() as batch:
            batch.events.append({"run_id": self._run_id, "at": now(), "level": level, "text": text})

    def close(self) -> None:
        """Write all that is left; later calls are ignored.

        Raises
        ------
        LeaseLost, RecordError
            When not everything could be written.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        if self._failure:
            raise self._failure

    @contextmanager
    def _noting(self) -> Iterator[Batch]:
        """Hold the lock while a note is made, then wake the writer; after the end notes go nowhere."""
        with self._changed:
            yield Batch() if self._closed else self._batch
            self._changed.notify()

    def _site_row(self, site: SiteInfo) -> dict[str, Any]:
        return {
            "run_id": self._run_id,
            "position": site.position,
            "name": site.name,
            "site_id": site.site_id,
            "dataset_ids": list(site.dataset_ids),
            "samples": site.samples,
            "positives": site.positives,
            "state": "waiting",
            "bytes_up": self._up.get(site.position, 0),
            "bytes_down": self._down.get(site.position, 0),
        }

    def _site_round(self, position: int, round: int) -> dict[str, Any]:
        row = self._round.get(position)
        if row is None or row["round"] != round:
            row = {"run_id": self._run_id, "round": round, "position": position, "state": "computing", "loss": None}
            row |= {"metrics": {}, "seconds": 0.0, "samples": 0, "reason": ""}
            self._round[position] = row
        return row

    def _round_row(self, result: RoundResult) -> dict[str, Any]:
        return {
            "run_id": self._run_id,
            "round": result.round,
            "loss": math.inf if math.isnan(result.loss) else result.loss,  # the database keeps no NaN
            "metrics": plain(result.metrics),
            "seconds": result.seconds,
            "replies": result.replies,
            "failures": [{"site": failure.site, "reason": failure.reason} for failure in result.failures],
            "at": now(),
        }

    def _count_bytes(self, result: RoundResult, batch: Batch) -> None:
        asked = {position: row for position, row in self._round.items() if row["round"] == result.round}
        for position, row in asked.items():
            self._down[position] = self._down.get(position, 0) + result.bytes_down
            if row["state"] == "answered":
                self._up[position] = self._up.get(position, 0) + result.bytes_up
            counts = {"bytes_up": self._up.get(position, 0), "bytes_down": self._down[position]}
            batch.states.setdefault(position, {}).update(counts)

    def _keep_writing(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or bool(self._batch))
                batch, self._batch = self._batch, Batch()
                last = self._closed
            try:
                self._write(batch)
            except Exception as error:
                self._failure = error if isinstance(error, LeaseLost) else RecordError(_sentence(error))
                self._lease.end("lost")
                with self._changed:
                    self._closed = True
                return
            if last:
                return
            with self._changed:
                self._changed.wait_for(self._urgent, timeout=GATHER_SECONDS)

    def _urgent(self) -> bool:
        return self._closed or any(row["round"] == 1 for row in self._batch.rounds)

    def _write(self, batch: Batch) -> None:
        if batch:
            self._write_rows(batch)
        if batch.state is not None:
            try:
                checkpoint.write(self._run_id, self._key, batch.state)
            except OSError as error:
                self.event(f"The checkpoint could not be written: {error.strerror}.", "warning")

    def _write_rows(self, batch: Batch) -> None:
        if self._lease.reason == "cancel":  # the phase says "cancelling" then
            batch.run.pop("phase", None)
        for attempt in range(1, LARGEST_TRIES + 1):
            try:
                with transaction() as session:
                    batches.write(session, self._run_id, self._lease.owner, batch)
                return
            except OperationalError:
                if attempt == LARGEST_TRIES:
                    raise


def _sentence(error: Exception) -> str:
    return f"progress could not be written to the database ({type(error).__name__})."
