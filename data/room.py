"""Whether HOME can take what is written there: a disk that fills up and a folder that is read-only are told in time."""

import errno
import os

from sqlalchemy.exc import OperationalError

from settings import get_settings

SMALLEST_FREE = 32 * 2**20  # bytes; enough to write down how things stand before the disk is really full
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}


class NoRoom(OSError):
    """HOME cannot be written; the message is one sentence."""


def trouble() -> str:
    """Return a sentence about what keeps HOME from being written, empty when nothing does; takes microseconds."""
    home = get_settings().home
    try:
        disk = os.statvfs(home)
    except OSError as error:
        return f"MEDHIVE_HOME {home} cannot be reached ({error.strerror}): make it available again."
    if disk.f_flag & os.ST_RDONLY or not os.access(home, os.W_OK):
        return f"MEDHIVE_HOME {home} is read-only: make it writable, or choose another folder."
    free = disk.f_bavail * disk.f_frsize
    if free < SMALLEST_FREE:
        left, wanted = (round(size / 2**20) for size in (free, SMALLEST_FREE))
        return f"The disk of MEDHIVE_HOME {home} is full: {left} MB are free, {wanted} MB are needed."
    return ""


def check() -> None:
    """Raise NoRoom with the sentence when HOME cannot be written."""
    if said := trouble():
        raise NoRoom(said)


def is_about_room(error: BaseException) -> bool:
    """Whether an error comes from a disk or database that takes nothing, rather than from what was written."""
    if isinstance(error, OperationalError):
        return True
    return isinstance(error, OSError) and (isinstance(error, NoRoom) or error.errno in _NO_ROOM)
