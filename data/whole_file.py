"""Writing a file so that it is there whole or not at all, also after a crash or a power cut."""

import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int = 0o644, *, durable: bool = True) -> None:
    """Write ``content`` beside ``path``, then rename it into place; a failure leaves what was there before.

    Parameters
    ----------
    durable : whether it must outlast a power cut, which takes milliseconds; it outlasts this process in any case.

    Raises
    ------
    OSError
        When the folder is missing or cannot be written, or the disk is full.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    if not durable:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # else the new name itself may be lost
    finally:
        os.close(folder)
