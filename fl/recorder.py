"""Writes a run's progress into the database, off the thread that computes.

A call only leaves a note. A writer thread gathers what came within 50 ms, or until a round is complete, and commits it
in one short transaction, then writes the checkpoint: rows first, so that no round of the checkpoint lacks its row. A
round that is complete waits until the one before is written: whoever takes the run up again repeats one at most. Each
batch begins by making sure that this process still holds the run; otherwise it writes nothing and tells the run to
stop.
"""

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import OperationalError

from data import room
from data.database import now, transaction
from fl import batch as batches
from fl import checkpoint
from fl.batch import Batch, LeaseLost, SiteInRound, SiteNow, finite, plain
from fl.checkpoint import Checkpoint
from fl.lease import Lease
from fl.watcher import Level, RoundResult, SiteInfo, SiteState, Snapshot

GATHER_SECONDS = 0.05
DURABLE_SECONDS = 1.0  # how often a checkpoint is made to outlast a power cut
BEHIND_SECONDS = 0.1  # how long a round waits for the one before to be written: a database that is locked stops no run
LARGEST_TRIES = 3  # each waits up to 15 s for the database


class RecordError(Exception):
    """Progress could not be written down; the message is one sentence that says why."""


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
        self._sites: dict[int, SiteNow] = {}
        if start:
            for position, sent in start.bytes_down.items():
                self._sites[position] = SiteNow(up=start.bytes_up.get(position, 0), down=sent)
        self._round: dict[int, SiteInRound] = {}  # what is known of each site in the present round
        self._batch = Batch()
        self._changed = threading.Condition()
        self._closed = False
        self._writing = False
        self._failure: Exception | None = None
        self._durable_at = -math.inf
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
            site = batch.states[position] = self._site(position)
            site.state = state
            if state == "answered":
                site.answered = round
            row = self._site_round(position, round)
            row.state = state
            if state in ("dropped", "refused"):
                batch.site_rounds[round, position] = row

    def site_update(
        self, position: int, round: int, loss: float, metrics: Mapping[str, float], seconds: float, samples: int
    ) -> None:
        """Note the score of a site's accepted update."""
        with self._noting() as batch:
            row = batch.site_rounds[round, position] = self._site_round(position, round)
            row.state, row.loss, row.metrics = "answered", finite(loss), metrics
            row.seconds, row.samples = seconds, samples

    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None:
        """Note the global model's score, and keep the state to go on from."""
        kept = replace(snapshot, weights=snapshot.weights.copy())
        self.snapshot = kept
        with self._noting() as batch:
            self._changed.wait_for(self._written, timeout=BEHIND_SECONDS)
            batch = Batch() if self._closed else self._batch  # the writer has taken the other one meanwhile
            for failure in result.failures:
                row = self._site_round(failure.position, result.round)
                if row.state not in ("dropped", "refused"):
                    row.state = "dropped"
                row.reason = failure.reason
                batch.site_rounds[result.round, failure.position] = row
                self._site(failure.position).state = row.state
            self._count_bytes(result, batch)
            batch.rounds.append(self._round_row(result))
            batch.run["round"] = result.round
            batch.run["attempts"] = 1  # it gets on: what ended earlier attempts was not the run
            up = {position: site.up for position, site in self._sites.items()}
            batch.state = Checkpoint(kept, up, {position: site.down for position, site in self._sites.items()})
            self._round = {}
            self._changed.notify_all()

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
            self._changed.notify_all()
        self._thread.join()
        if self._failure:
            raise self._failure

    @contextmanager
    def _noting(self) -> Iterator[Batch]:
        """Hold the lock while a note is made, then wake the writer if it sleeps; after the end notes go nowhere."""
        with self._changed:
            idle = not self._batch
            yield Batch() if self._closed else self._batch
            if idle:
                self._changed.notify_all()

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
            "bytes_up": self._site(site.position).up,
            "bytes_down": self._site(site.position).down,
        }

    def _site(self, position: int) -> SiteNow:
        site = self._sites.get(position)
        if site is None:
            site = self._sites[position] = SiteNow()
        return site

    def _site_round(self, position: int, round: int) -> SiteInRound:
        row = self._round.get(position)
        if row is None or row.round != round:
            row = self._round[position] = SiteInRound(round)
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
        for position, row in self._round.items():
            if row.round == result.round:
                site = batch.states[position] = self._site(position)
                site.down += result.bytes_down
                if row.state == "answered":
                    site.up += result.bytes_up

    def _keep_writing(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or bool(self._batch))
                self._changed.wait_for(self._urgent, timeout=GATHER_SECONDS)
                batch, self._batch, self._writing = self._batch, Batch(), True
                last = self._closed
            try:
                self._write(batch)
            except Exception as error:
                self._failure = error if isinstance(error, LeaseLost) else RecordError(_sentence(error))
                self._lease.end("lost" if isinstance(error, LeaseLost) else "paused")
                with self._changed:
                    self._closed = True
                    self._changed.notify_all()
                return
            with self._changed:
                self._writing = False
                self._changed.notify_all()
            if last:
                return

    def _urgent(self) -> bool:
        return self._closed or self._batch.state is not None

    def _written(self) -> bool:
        """Whether no earlier round waits to be written."""
        return self._closed or (self._batch.state is None and not self._writing)

    def _write(self, batch: Batch) -> None:
        if batch:
            self._write_rows(batch)
        if batch.state is None:
            return
        room.check()  # before the disk is really full, so that the run can still say why it pauses
        durable = time.monotonic() - self._durable_at > DURABLE_SECONDS
        checkpoint.write(self._run_id, self._key, batch.state, durable=durable)
        if durable:
            self._durable_at = time.monotonic()

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
    if said := room.trouble():
        return said
    if isinstance(error, OperationalError):
        return f"the database took nothing for long ({error.orig})."
    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"progress could not be written ({reason})."
