"""Answers are computed as many at a time as there are cores, in the order they were asked for, by pages and API alike.

More at a time would only wait for each other, and hold memory while they do.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from settings import cores


class Turns:
    """At most ``most`` at a time; whoever came first is next. One who has a turn must not ask for another."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and hold it."""
        with self._lock:
            mine = threading.Event()
            if self._free:
                self._free -= 1
                mine.set()
            else:
                self._waiting.append(mine)
        mine.wait()
        try:
            yield
        finally:
            with self._lock:
                if self._waiting:
                    self._waiting.popleft().set()  # hands the turn on, so that nobody comes in between
                else:
                    self._free += 1


turn = Turns(cores()).turn
