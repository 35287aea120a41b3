"""The one thread in which federations are computed.

It lives as long as its process: Ray's processes die with the thread that started them, Flower's identity belongs to
one run at a time, and the main thread stays free for signals, leases and cancellations.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class Engine:
    """Runs what it is given, one piece of work after the other."""

    def __init__(self) -> None:
        self._work = queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]]()
        self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)
        self._thread.start()

    def call(self, work: Callable[[], Answer]) -> Future[Answer]:
        """Let ``work`` be done after all that was given before; its result or exception is the future's."""
        future: Future[Answer] = Future()
        self._work.put((work, future))
        return future

    def _serve(self) -> None:
        while True:
            work, future = self._work.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # whatever it is, it belongs to whoever waits
                future.set_exception(error)
