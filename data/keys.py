"""Keys of the vault: the master key in a file of its own, and one AES-256 key a site, wrapped by it (RFC 3394).

The database holds wrapped keys only: whoever takes it, or the vault's files, without the master key can read nothing.
"""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from settings import get_settings

KEY_BYTES = 32


class VaultError(Exception):
    """The vault cannot do what it was asked; the message is one sentence for whoever can act."""


def master_key(*, may_make: bool = False) -> bytes:
    """Return the master key.

    Parameters
    ----------
    may_make : whether to make it if the file is missing. Only right while nothing is wrapped by an earlier one.

    Raises
    ------
    VaultError
        When the file is missing, cannot be read, is not 32 bytes long, or other people of this machine can read it.
    """
    path = get_settings().master_key_path
    try:
        if may_make and not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077 and not get_settings().master_key_file:
            raise VaultError(f"Others on this machine can read the master key; run: chmod 600 {path}")
        key = path.read_bytes()
    except FileNotFoundError:
        raise VaultError(
            f"The master key is missing: put it back at {path}, or name its file with MEDHIVE_MASTER_KEY_FILE."
        ) from None
    except OSError as error:
        raise VaultError(f"The master key {path} cannot be read: {error.strerror}.") from None
    if len(key) != KEY_BYTES:
        raise VaultError(f"The master key {path} holds {len(key)} bytes; it must hold exactly {KEY_BYTES}.")
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename, this leaves the key alone that another process made meanwhile
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def new_wrapped_key(*, first: bool) -> bytes:
    """Return a fresh site key, wrapped. ``first`` says that no other is wrapped yet, so the master key may be made."""
    return aes_key_wrap(master_key(may_make=first), secrets.token_bytes(KEY_BYTES))


def unwrap(wrapped: bytes) -> bytes:
    """Return a site's key.

    Raises
    ------
    VaultError
        When the master key is not the one that wrapped it.
    """
    try:
        return aes_key_unwrap(master_key(), wrapped)
    except InvalidUnwrap:
        raise VaultError(
            f"The master key {get_settings().master_key_path} is not the one that this installation's sites were "
            "made with; put the right one back."
        ) from None
