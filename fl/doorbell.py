"""A bell between who asks for a run and the worker, so that the worker need not look at the database all the time.

It is a named pipe in HOME: ringing writes a byte, the worker sleeps until there is one. A bell that cannot be rung or
heard is no failure, since the worker also looks by itself now and then.
"""

import os
import select
from contextlib import suppress
from pathlib import Path

from settings import get_settings


def ring() -> None:
    """Wake the worker of this installation, if there is one; returns at once."""
    with suppress(OSError):  # nobody listens, or it has been rung so often already that the pipe is full
        pipe = os.open(_path(), os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(pipe, b"!")
        finally:
            os.close(pipe)


class Doorbell:
    """The worker's side; to be used by one thread, rung by any thread or process."""

    def __init__(self) -> None:
        self._pipe: int | None = None
        with suppress(OSError):  # a file system without pipes
            if not _path().is_fifo():
                _path().unlink(missing_ok=True)
                os.mkfifo(_path(), 0o600)
            self._pipe = os.open(_path(), os.O_RDWR | os.O_NONBLOCK)  # its own writer, so it never reads an end

    def wait(self, seconds: float) -> bool:
        """Sleep until somebody rings, at most ``seconds``; returns whether somebody did."""
        heard = select.select([self._pipe] if self._pipe is not None else [], [], [], seconds)[0]
        if heard and self._pipe is not None:
            with suppress(BlockingIOError):
                os.read(self._pipe, 4096)
        return bool(heard)


def _path() -> Path:
    return get_settings().home / "worker.bell"
