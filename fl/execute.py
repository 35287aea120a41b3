"""Executing one run that this process holds: train, keep the model, write the end.

The engine thread computes; this thread waits, so that a cancellation takes effect within two seconds whatever is
being computed. How a run ends: done, with a model version; cancelled, with a version of the last good model when a
round was completed; failed, with a sentence; or back in the queue when this process is told to end.
"""

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from data import room
from data.database import ModelVersion, Run, RunEvent, RunSite, now, transaction
from data.vault import VaultError
from fl import checkpoint
from fl.batch import LeaseLost, hold
from fl.checkpoint import Checkpoint, CheckpointError
from fl.engine import Engine
from fl.lease import LARGEST_ATTEMPTS, Lease
from fl.recorder import Recorder, RecordError
from fl.request import RequestError, RunRequest
from fl.result import Result, keep, result_of
from fl.watcher import Cancelled, Level, QuorumLost, SiteInfo, Snapshot, Watcher
from models.versions import VersionView, get_version
from settings import ROOT, get_settings

if TYPE_CHECKING:
    from fl.federation import Outcome

GRACE_SECONDS = 1.0  # how long a computation may take to notice that it is to stop
KEEP_SECONDS = 0.6  # how long keeping a cancelled run's model may hold up its end
LOOK_SECONDS = 0.05
SPOKEN = (RequestError, QuorumLost, VaultError)  # their message is a sentence for people

log = logging.getLogger(__name__)


class Abandoned(Exception):
    """The computation did not stop in time; its thread is still busy and this process should end."""


@dataclass(frozen=True)
class _Run:
    """What is needed of the run's row."""

    request: RunRequest
    key: str
    attempts: int


def execute(
    lease: Lease,
    engine: Engine,
    *,
    also: Callable[[Watcher], Watcher] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> str:
    """Execute a run whose lease is held and return its status; ``queued`` when this process is to end.

    Parameters
    ----------
    lease : the run; its ``stop`` ends it.
    engine : where it is computed.
    also : wraps the watcher, for whoever wants to hear of the progress too.
    meanwhile : called again and again in this thread while it waits.

    Raises
    ------
    LeaseLost
        When another process has taken the run, or the database takes nothing any more; the run is taken up again.
    Abandoned
        When the run's end is written, but its computation has not stopped.
    """
    try:
        run = _read(lease)
    except RequestError as error:  # written by another version of MedHive
        _finish(lease, "failed", {"error": str(error)})
        return "failed"
    start, trouble = _start(lease.run_id, run.key)
    recorder = Recorder(lease, run.key, start)
    if trouble:
        recorder.event(trouble, "warning")
    if start is not None:
        recorder.event(f"Taken up again after round {start.snapshot.round} of {run.request.rounds}.")
    if run.attempts > LARGEST_ATTEMPTS:
        return _failed(lease, recorder, f"the process that computed it ended {LARGEST_ATTEMPTS} times without a word.")
    watcher = also(recorder) if also else recorder
    wording = None
    if get_settings().agent_wording:
        from fl.wording import worded  # reads what the companion is made of, which few runs need

        watcher = wording = worded(watcher)

    def compute() -> "Outcome":
        from fl.federation import federate

        snapshot = start.snapshot if start else None
        return federate(run.request.validated(), watcher=watcher, stop=lease.stop, start=snapshot)

    future = engine.call(compute)
    _wait(future, lease, meanwhile or (lambda: None))
    if wording:
        wording.finish(at_once=lease.stop.is_set())
    status = _end(lease, recorder, run.request, future)
    if not future.done() and not future.cancel():
        raise Abandoned(f"run {lease.run_id} is {status}, but its computation goes on.")
    return status


def _end(lease: Lease, recorder: Recorder, request: RunRequest, future: "Future[Outcome]") -> str:
    try:
        return _ending(lease, recorder, request, future)
    except LeaseLost as error:
        raise LeaseLost(f"run {lease.run_id} is not written any further: {error}") from None
    except RecordError as error:
        return _paused(lease, recorder, str(error))
    except SPOKEN as error:
        return _failed(lease, recorder, str(error))
    except Exception as error:
        if room.is_about_room(error):
            return _paused(lease, recorder, room.trouble() or _fault(error))
        return _failed(lease, recorder, _fault(error))


def _ending(lease: Lease, recorder: Recorder, request: RunRequest, future: "Future[Outcome]") -> str:
    if future.done():
        try:
            return _done(lease, recorder, request, future.result())
        except Cancelled:
            pass
    if lease.reason == "shutdown":
        return _back_in_queue(lease, recorder)
    if lease.reason == "lost":
        recorder.close()
        raise LeaseLost("another process has taken it.")
    if lease.reason == "paused":
        recorder.close()  # raises what was wrong
    return _cancelled(lease, recorder, request)


def _wait(future: "Future[Outcome]", lease: Lease, meanwhile: Callable[[], None]) -> None:
    """Return when the future is done, or has had its time to stop."""
    told: float | None = None
    while not wait([future], timeout=LOOK_SECONDS).done:
        meanwhile()
        if told is None and lease.stop.is_set():
            told = time.monotonic()
        if told is not None and time.monotonic() - told > GRACE_SECONDS:
            return


def _read(lease: Lease) -> _Run:
    with transaction() as session:
        run = session.get_one(Run, lease.run_id)
        request = RunRequest.from_json(run.request)
        return _Run(request, f"{run.id} {run.created_at.isoformat()} {request.plan}", run.attempts)


def _start(run_id: int, key: str) -> tuple[Checkpoint | None, str]:
    try:
        return checkpoint.load(run_id, key), ""
    except CheckpointError as error:
        return None, f"Starting anew: {error}"


def _done(lease: Lease, recorder: Recorder, request: RunRequest, outcome: "Outcome") -> str:
    recorder.phase("keeping the model")
    result = Result(
        weights=outcome.weights,
        preparation=outcome.preparation,
        calibration=outcome.calibration,
        scores=outcome.scores,
        n_heldout=outcome.n_heldout,
        rounds=outcome.last_round,
        executor=outcome.executor,
        data=outcome.data,
        benefit=outcome.benefit,
        classes=outcome.classes,
        alone=outcome.alone,
    )
    sites = recorder.named or tuple(outcome.sites)
    version = _kept_before(lease.run_id, result) or keep(lease.run_id, request, result, sites)
    recorder.event(f"Done: {version.label} of {request.task} is kept as a challenger.")
    recorder.close()
    pooled = outcome.benefit.get(-1, {})
    gains = {site.position: {**outcome.benefit.get(site.position, {}), **pooled} for site in sites}
    final = {name: score.as_json() for name, score in outcome.scores.items()}
    values = {"executor": outcome.executor, "seconds": dict(outcome.seconds), "final": final, "error": ""}
    _finish(lease, "done", values, gains)
    checkpoint.remove(lease.run_id)
    return "done"


def _kept_before(run_id: int, result: Result) -> VersionView | None:
    """Return the version of this result that an earlier attempt kept before its process was killed."""
    query = select(ModelVersion.id, ModelVersion.manifest).where(ModelVersion.run_id == run_id)
    with transaction() as session:
        for version_id, manifest in session.execute(query):
            if (manifest["rounds"], manifest["executor"]) == (result.rounds, result.executor):
                return get_version(version_id)
    return None


def _cancelled(lease: Lease, recorder: Recorder, request: RunRequest) -> str:
    """Keep the last good model; when that takes long, the run is cancelled first and its version follows."""
    snapshot = recorder.snapshot
    values: dict[str, Any] = {}
    late: Future[_Kept] | None = None
    if snapshot is None or snapshot.round == 0:
        recorder.event("Cancelled before a round was completed: there is no model to keep.", "warning")
    else:
        thread = ThreadPoolExecutor(1, thread_name_prefix="keeping")  # one of its own: the engine may still be busy
        keeping = thread.submit(_keep_last, lease.run_id, request, snapshot, recorder.named)
        thread.shutdown(wait=False)  # it ends with that
        if wait([keeping], timeout=KEEP_SECONDS).done:
            kept = keeping.result()
            values = kept.values
            recorder.event(kept.text, kept.level)
        else:
            late = keeping
            recorder.event(f"Cancelled after round {snapshot.round}; its model is being kept.", "warning")
    recorder.close()
    _finish(lease, "cancelled", values)
    if late is not None:
        kept = late.result()
        with transaction() as session:
            still = Run.id == lease.run_id, Run.status == "cancelled"
            session.execute(update(Run).where(*still).values(**kept.values))
            session.add(RunEvent(run_id=lease.run_id, text=kept.text, level=kept.level))
    return "cancelled"


@dataclass(frozen=True)
class _Kept:
    """What came of keeping a cancelled run's model: columns of the run, and an event."""

    values: dict[str, Any]
    text: str
    level: Level


def _keep_last(run_id: int, request: RunRequest, snapshot: Snapshot, sites: Sequence[SiteInfo]) -> _Kept:
    try:
        result = result_of(request, snapshot, sites)
        version = keep(run_id, request, result, sites)
    except Exception as error:
        sentence = f"The last good model could not be kept: {_fault(error)}"
        return _Kept({"error": sentence}, sentence, "error")
    final = {name: score.as_json() for name, score in result.scores.items()}
    text = f"Cancelled after round {snapshot.round}: its model is kept as {version.label} of {request.task}."
    return _Kept({"final": final}, text, "warning")


def _failed(lease: Lease, recorder: Recorder, sentence: str) -> str:
    recorder.event(f"Failed: {sentence}", "error")
    with suppress(RecordError):  # the run's own row says it too
        recorder.close()
    _finish(lease, "failed", {"error": sentence})
    return "failed"


def _back_in_queue(lease: Lease, recorder: Recorder) -> str:
    done = recorder.snapshot.round if recorder.snapshot else 0
    recorder.event(f"The worker ended; the run goes on after round {done} when it is back.", "warning")
    recorder.close()
    values = {"status": "queued", "phase": "waiting for the worker", "attempts": Run.attempts - 1}
    with transaction() as session:
        hold(session, lease.run_id, lease.owner, {**values, "lease_owner": None})
    return "queued"


def _paused(lease: Lease, recorder: Recorder, sentence: str) -> str:
    """Put the run back into the queue until HOME takes something again; otherwise it fails, and can be resumed.

    Where not even that can be written, its lease runs out, and it is taken up again.
    """
    with suppress(RecordError):
        recorder.close()
    if not room.trouble():
        sentence = f"{sentence} Resume the run when that is mended."
        try:
            return _failed(lease, recorder, sentence)
        except OperationalError:
            raise LeaseLost(f"run {lease.run_id} is not written any further: {sentence}") from None
    done = _written_round(lease.run_id)
    text = f"Paused after round {done}: {sentence} It goes on by itself when that is mended."
    log.warning("run %d: %s", lease.run_id, text)
    values = {"status": "queued", "phase": text[:200], "attempts": Run.attempts - 1, "lease_owner": None}
    try:
        with transaction() as session:
            hold(session, lease.run_id, lease.owner, values)
            session.add(RunEvent(run_id=lease.run_id, text=text, level="error"))
    except OperationalError:
        raise LeaseLost(f"run {lease.run_id} is paused: {sentence}") from None
    return "queued"


def _written_round(run_id: int) -> int:
    with transaction() as session:
        return session.get_one(Run, run_id).round


def _finish(lease: Lease, status: str, values: dict[str, Any], gains: dict[int, dict[str, Any]] | None = None) -> None:
    """Write a run's end, all of it or nothing; raises LeaseLost."""
    with transaction() as session:
        end = {"status": status, "phase": "", "finished_at": now(), "cancel_requested": False, "lease_owner": None}
        hold(session, lease.run_id, lease.owner, {**values, **end})
        waiting = RunSite.run_id == lease.run_id, RunSite.state == "computing"
        session.execute(update(RunSite).where(*waiting).values(state="waiting"))
        if gains:
            rows = [{"run_id": lease.run_id, "position": at, "benefit": benefit} for at, benefit in gains.items()]
            session.execute(update(RunSite), rows)


def _fault(error: BaseException) -> str:
    """Log where a fault arose, and return a sentence. Neither holds its message, which may quote patients' values."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
    log.error("%s at %s", type(error).__name__, " < ".join(reversed(places)))
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(ROOT)] or list(frames)
    where = f"{Path(own[-1].filename).name} line {own[-1].lineno}" if own else "an unknown place"
    return f"an unexpected {type(error).__name__} in {where}; logs/worker.log tells more."
