"""Passwords: argon2 hashes, and a check that takes as long for an unknown person as for a known one."""

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10
MAX_LENGTH = 200  # argon2 takes any length; nobody types more, and a megabyte is an attack
NO_PASSWORD = "!"  # noqa: S105  # the "hash" of an account that cannot sign in by password


class PasswordError(ValueError):
    """The password is not fit; the message says what would be."""


@lru_cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id with the low-memory parameters of RFC 9106


@lru_cache
def _decoy() -> str:
    return _hasher().hash("no account has this password")


def check_fit(password: str, *, name: str = "", email: str = "") -> None:
    """Raise PasswordError unless ``password`` may be used."""
    if len(password) < MIN_LENGTH:
        raise PasswordError(f"The password has {len(password)} characters; it needs at least {MIN_LENGTH}.")
    if len(password) > MAX_LENGTH:
        raise PasswordError(f"The password has {len(password)} characters; {MAX_LENGTH} are the most.")
    if password.strip().lower() in {email.lower(), name.lower(), email.partition("@")[0].lower()} or (
        len(set(password)) < 4
    ):
        raise PasswordError("This password is too easy to guess; use several words that do not belong together.")


def hash_password(password: str) -> str:
    """Return the argon2id hash to keep; the password itself is kept nowhere."""
    return _hasher().hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Whether ``password`` belongs to the hash; without a hash the same work is done and the answer is no."""
    usable = password_hash is not None and password_hash != NO_PASSWORD
    try:
        right = _hasher().verify(password_hash if usable and password_hash else _decoy(), password[: MAX_LENGTH + 1])
    except (VerificationError, InvalidHashError):
        return False
    return right and usable


def outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's and should be made anew."""
    return _hasher().check_needs_rehash(password_hash)
