"""The worker: a process that executes queued runs, one after the other.

A lock in HOME makes it the only one there; whoever waits for the lock takes over the moment its holder dies. Between
runs it rehearses, so that the next one starts at once, and has finished ones handed to MLflow. It ends when it is
told to (SIGTERM, SIGINT) or when the process that started it is gone; a run it was computing then waits for the next.
"""

import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from sqlalchemy.exc import OperationalError

from data import room
from fl import checkpoint, tracking
from fl import lease as leases
from fl.batch import LeaseLost
from fl.doorbell import Doorbell
from fl.engine import Engine
from fl.execute import Abandoned, execute
from fl.lease import Lease
from fl.watcher import Cancelled, Silent, Stop
from fl.worker_status import clear_status, write_status
from settings import get_settings

POLL_SECONDS = 0.1
SIGN_OF_LIFE_SECONDS = 1.0
PARENT_SECONDS = 0.2
LONGEST_END_SECONDS = 6.0  # a clean end takes about two, most of it Ray's
STUBBORN_SECONDS = 10.0
WRONG_HOME = 2  # exit code: HOME cannot be written
STUBBORN = 75  # exit code: a computation would not stop, start me again
COURTESY = 5  # added to the niceness of an app's worker: on few cores pages and browser go before it
QUIET_SECONDS = 2.0  # what the next click does not need waits until it is quiet

log = logging.getLogger("fl.worker")


class Worker:
    """State of the worker process."""

    def __init__(self, parent: int | None = None) -> None:
        self.owner = leases.new_owner("worker")
        self.engine = Engine()
        self._bell = Doorbell()
        self.ending = threading.Event()
        self.began = time.time()
        self.current: Lease | None = None
        self._warming: Future[None] | None = None
        self._rehearsal = Stop()
        self._parent = parent
        self._trouble = ""
        self._in_charge = False  # one that waits to take over is silent: the sign of life is the other's
        self._idle_since = time.monotonic()
        self._watch = threading.Thread(target=self._sign_of_life, name="sign of life", daemon=True)
        self._extras = threading.Thread(target=self._use_quiet_time, name="extras", daemon=True)

    def run(self) -> int:
        """Work until told to end; returns the exit code."""
        self._listen()
        self._watch.start()
        with _only_one(self.ending) as alone:
            if not alone:
                return 0
            self._in_charge = True
            self._when_there_is_room(leases.release_dead_workers)
            checkpoint.remove_drafts()
            log.info("worker %d is ready", os.getpid())
            self._extras.start()
            code = self._serve()
            self._end()
            closed = self.engine.call(_close)
            wait_for([closed], timeout=LONGEST_END_SECONDS if "ray" in sys.modules else 0.0)
            clear_status()
        log.info("worker %d ends", os.getpid())
        return code

    def _serve(self) -> int:
        while not self.ending.is_set():
            self._listen()
            try:
                run_id = None if self._no_room() else leases.claim_next(self.owner)
                if run_id is not None:
                    self._rehearsal.set()
                    self._execute(run_id)
                    self._idle_since = time.monotonic()
                    continue
                if self._warming is None:  # not before: a run that waits need not wait for a rehearsal
                    self._warming = self.engine.call(lambda: _rehearse(self._rehearsal))
            except OperationalError as error:
                log.warning("the database is not at hand: %s", type(error).__name__)
            except LeaseLost as lost:
                log.warning("%s", lost)
            except Abandoned as error:
                log.error("%s", error)
                if (
                    self.ending.is_set()
                    or not wait_for([self.engine.call(lambda: None)], timeout=STUBBORN_SECONDS).done
                ):
                    return STUBBORN
            except Exception as error:  # the run stays held, and is taken again when its lease has expired
                log.error("%s: %s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            self._bell.wait(POLL_SECONDS)
        return 0

    def _no_room(self) -> bool:
        """Whether HOME cannot be written; says so, once, in the log and on the runs that wait."""
        said = room.trouble()
        if said != self._trouble:
            self._trouble = said
            log.warning("%s", said or "HOME can be written again.")
            with suppress(OperationalError):  # as far as even that can be written
                leases.tell_waiting(said or "queued")
        return bool(said)

    def _when_there_is_room(self, write: Callable[[], None]) -> None:
        """Do what a start must, as soon as the database takes it."""
        while not self.ending.is_set():
            try:
                write()
                break
            except OperationalError as error:
                log.warning("%s", room.trouble() or f"the database is not at hand: {error.orig}")
                self.ending.wait(1.0)

    def _execute(self, run_id: int) -> None:
        began = time.monotonic()
        log.info("run %d begins", run_id)
        with Lease(run_id, self.owner) as lease:
            self.current = lease
            try:
                if self.ending.is_set():
                    lease.end("shutdown")
                self._say()
                status = execute(lease, self.engine, meanwhile=self._listen)
            finally:
                self.current = None
                if self._warming is None:  # the run itself has loaded everything
                    self._warming = self.engine.call(lambda: None)
                self._say()
        log.info("run %d: %s after %.1f s", run_id, status, time.monotonic() - began)

    def _use_quiet_time(self) -> None:
        """While nothing is asked for: have finished runs handed to MLflow."""
        failed: set[int] = set()
        told_mlflow = False
        while not self.ending.wait(1.0):
            quiet = time.monotonic() - self._idle_since if self.current is None else 0.0
            if quiet < QUIET_SECONDS:
                continue
            try:
                if not told_mlflow or tracking.untracked() - failed:
                    self._hand_to_mlflow()
                    told_mlflow = True
                    failed |= tracking.untracked()
            except Exception as error:
                log.warning("in quiet time: %s", type(error).__name__)

    def _hand_to_mlflow(self) -> None:
        """Let a process of low priority do it: in this one MLflow's imports would slow a run that comes meanwhile."""
        process = subprocess.Popen([sys.executable, "-m", "fl.tracking"], stdin=subprocess.DEVNULL)
        while process.poll() is None:
            if self.ending.wait(POLL_SECONDS):
                process.kill()
        process.wait()

    def _listen(self) -> None:
        """Listen to signals; again and again, because Ray puts a handler of its own in place when it starts."""
        signal.signal(signal.SIGTERM, self._told_to_end)
        signal.signal(signal.SIGINT, self._told_to_end)

    def _told_to_end(self, _signal: int, _frame: FrameType | None) -> None:
        self._end()

    def _end(self) -> None:
        self._rehearsal.set()
        if not self.ending.is_set():
            self.ending.set()
            last = threading.Timer(LONGEST_END_SECONDS, os._exit, args=(1,))
            last.daemon = True
            last.start()
        if self.current is not None:
            self.current.end("shutdown")

    def _sign_of_life(self) -> None:
        said = 0.0
        while not self.ending.wait(PARENT_SECONDS):
            if self._parent is not None and os.getppid() != self._parent:
                log.info("the process that started this worker is gone")
                self._end()
                return
            if self._in_charge and time.monotonic() - said > SIGN_OF_LIFE_SECONDS:
                said = time.monotonic()
                self._say()

    def _say(self) -> None:
        busy = self.current.run_id if self.current else None
        warm = self._warming is not None and self._warming.done()
        try:
            write_status(warm=warm, busy_run=busy, since=self.began, app=self._parent)
        except OSError as error:
            log.warning("cannot write the sign of life: %s", error.strerror)


def main(parent: int | None = None) -> int:
    """Run the worker of this installation; ``parent`` is the process with which it ends."""
    try:
        room.check()
        _log_to_file(everything=parent is not None)
        if parent is None:  # started by hand; the app has migrated before it starts a worker
            from data.database import migrate

            migrate()
    except room.NoRoom as error:
        print(error, file=sys.stderr, flush=True)
        return WRONG_HOME
    if parent is not None:
        os.nice(COURTESY)
    code = Worker(parent).run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # an abandoned computation must not keep the process


def _rehearse(stop: Stop) -> None:
    """Run a small federation for nobody: afterwards all is imported and compiled, and a real one starts at once."""
    from fl.federation import federate, warm
    from fl.request import RequestError, RunRequest
    from models.registry import first_task, get_task

    warm()
    with suppress(RequestError, Cancelled):  # its data are not there, or a real run has come
        request = RunRequest.for_task(get_task(first_task()), sites=10, partition="iid", rounds=1, executor="auto")
        federate(request, watcher=Silent(), stop=stop)


def _close() -> None:
    """End Ray and whatever else executors keep for the next run."""
    if federation := sys.modules.get("fl.federation"):
        federation.close()


@contextmanager
def _only_one(ending: threading.Event) -> Iterator[bool]:
    """Hold the lock of this installation's worker; False when the end came before it was free."""
    path = get_settings().home / "worker.lock"
    with path.open("a") as file:
        waiting = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waiting:
                    log.info("another worker is at work here; waiting to take over")
                    waiting = True
                if ending.wait(POLL_SECONDS):
                    yield False
                    return
        yield True


def _log_to_file(*, everything: bool) -> None:
    """Log to HOME/logs/worker.log; ``everything`` sends what libraries print there too."""
    path = get_settings().home / "logs" / "worker.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    _keep_short(path)
    handlers: list[logging.Handler] = [logging.FileHandler(path, encoding="utf-8")]
    if everything:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.close(file)
    else:
        handlers.append(logging.StreamHandler())
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=handlers, force=True
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _keep_short(path: Path, largest: int = 5_000_000) -> None:
    if path.exists() and path.stat().st_size > largest:
        path.replace(path.with_suffix(".log.old"))
