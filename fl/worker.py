"""The worker: a process that executes queued runs, one after the other.

A lock in HOME makes it the only one there; whoever waits for the lock takes over the moment its holder dies. Between
runs it loads what runs need and hands finished ones to MLflow. It ends when it is told to (SIGTERM, SIGINT) or when
the process that started it is gone; a run it was computing then waits for the next worker.
"""

import fcntl
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from sqlalchemy.exc import OperationalError

from fl import lease as leases
from fl.batch import LeaseLost
from fl.engine import Engine
from fl.execute import Abandoned, execute
from fl.lease import Lease
from fl.worker_status import clear_status, write_status
from settings import get_settings

POLL_SECONDS = 0.1
SIGN_OF_LIFE_SECONDS = 1.0
PARENT_SECONDS = 0.2
LONGEST_END_SECONDS = 6.0  # a clean end takes about two, most of it Ray's
STUBBORN_SECONDS = 10.0
STUBBORN = 75  # exit code: a computation would not stop, start me again
IDLE_BEFORE_EXTRAS_SECONDS = 3.0  # what the first click does not need waits until it is quiet

log = logging.getLogger("fl.worker")


class Worker:
    """State of the worker process."""

    def __init__(self, parent: int | None = None) -> None:
        self.owner = leases.new_owner("worker")
        self.engine = Engine()
        self.ending = threading.Event()
        self.began = time.time()
        self.current: Lease | None = None
        self.warm: Future[None] | None = None
        self._parent = parent
        self._idle_since = time.monotonic()
        self._watch = threading.Thread(target=self._sign_of_life, name="sign of life", daemon=True)

    def run(self) -> int:
        """Work until told to end; returns the exit code."""
        signal.signal(signal.SIGTERM, self._told_to_end)
        signal.signal(signal.SIGINT, self._told_to_end)
        self._watch.start()
        with _only_one(self.ending) as alone:
            if not alone:
                return 0
            leases.release_dead_workers()
            self.warm = self.engine.call(_load)
            extras = threading.Thread(target=self._extras, name="extras", daemon=True)
            extras.start()
            log.info("worker %d is ready", os.getpid())
            code = self._serve()
            self.ending.set()
            self._end_engine()
            clear_status()
        log.info("worker %d ends", os.getpid())
        return code

    def _serve(self) -> int:
        while not self.ending.is_set():
            try:
                run_id = leases.claim_next(self.owner)
                if run_id is not None:
                    self._execute(run_id)
                    self._idle_since = time.monotonic()
                    continue
            except OperationalError as error:
                log.warning("the database is not at hand: %s", type(error).__name__)
            except LeaseLost as lost:
                log.warning("%s", lost)
            except Abandoned as error:
                log.error("%s", error)
                done = self.engine.call(lambda: None)
                if not wait_for([done], timeout=STUBBORN_SECONDS).done:
                    return STUBBORN
            self.ending.wait(POLL_SECONDS)
        return 0

    def _execute(self, run_id: int) -> None:
        began = time.monotonic()
        log.info("run %d begins", run_id)
        with Lease(run_id, self.owner) as lease:
            self.current = lease
            try:
                if self.ending.is_set():
                    lease.end("shutdown")
                self._say()
                status = execute(lease, self.engine)
            finally:
                self.current = None
        log.info("run %d: %s after %.1f s", run_id, status, time.monotonic() - began)

    def _extras(self) -> None:
        """While nothing is asked for: make MLflow ready, hand it finished runs."""
        from fl import tracking

        failed: set[int] = set()
        ready = False
        while not self.ending.wait(POLL_SECONDS):
            if self.current is not None or time.monotonic() - self._idle_since < IDLE_BEFORE_EXTRAS_SECONDS:
                continue
            try:
                if not ready:
                    tracking.prepare()
                    ready = True
                run_id = tracking.next_untracked(frozenset(failed))
                if run_id is not None and not tracking.track(run_id):
                    failed.add(run_id)
            except Exception as error:
                log.warning("MLflow is not ready: %s", type(error).__name__)
                self.ending.wait(60)
            self.ending.wait(1)

    def _told_to_end(self, _signal: int, _frame: FrameType | None) -> None:
        self._end()

    def _end(self) -> None:
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
            if time.monotonic() - said > SIGN_OF_LIFE_SECONDS:
                said = time.monotonic()
                self._say()

    def _say(self) -> None:
        busy = self.current.run_id if self.current else None
        warm = self.warm is not None and self.warm.done()
        try:
            write_status(warm=warm, busy_run=busy, since=self.began)
        except OSError as error:
            log.warning("cannot write the sign of life: %s", error.strerror)

    def _end_engine(self) -> None:
        closed = self.engine.call(_close)
        wait_for([closed], timeout=LONGEST_END_SECONDS)


def main(parent: int | None = None) -> int:
    """Run the worker of this installation; ``parent`` is the process with which it ends."""
    _log_to_file(everything=parent is not None)
    from data.database import migrate

    if parent is None:  # started by hand; the app has migrated before it starts a worker
        migrate()
    code = Worker(parent).run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # an abandoned computation must not keep the process


def _load() -> None:
    """Import what every run needs, so that the first one starts at once."""
    from fl.federation import warm

    warm()


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


def _keep_short(path: Path, largest: int = 5_000_000) -> None:
    if path.exists() and path.stat().st_size > largest:
        path.replace(path.with_suffix(".log.old"))
