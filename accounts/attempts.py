"""A brake on guessing: after some failures a key must wait. Kept in memory; one server process serves all sign-ins."""

import threading
import time
from collections import deque

MOST_KEYS = 10_000  # so that guessing with invented addresses cannot fill the memory


class Attempts:
    """Counts failures of a key (an e-mail address) in a sliding window.

    Parameters
    ----------
    most : failures allowed in the window.
    window : length of the window in seconds.
    """

    def __init__(self, most: int = 5, window: float = 300.0) -> None:
        self._most = most
        self._window = window
        self._failures: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait(self, key: str) -> float:
        """Return the seconds until ``key`` may try again; 0 when it may now."""
        with self._lock:
            times = self._recent(key)
            return max(0.0, times[0] + self._window - time.monotonic()) if len(times) >= self._most else 0.0

    def failed(self, key: str) -> None:
        """Count a failure of ``key``."""
        with self._lock:
            if key not in self._failures and len(self._failures) >= MOST_KEYS:
                self._failures.pop(next(iter(self._failures)))
            self._failures[key] = self._recent(key)
            self._failures[key].append(time.monotonic())

    def succeeded(self, key: str) -> None:
        """Forget the failures of ``key``."""
        with self._lock:
            self._failures.pop(key, None)

    def _recent(self, key: str) -> deque[float]:
        times = self._failures.get(key, deque())
        while times and times[0] <= time.monotonic() - self._window:
            times.popleft()
        return times
