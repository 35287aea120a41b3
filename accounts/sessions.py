"""How a browser stays signed in: a one-time code, exchanged for a token that travels in a signed cookie.

The database keeps only the SHA-256 of codes and tokens, so a copy of it signs nobody in.
"""

import hashlib
import os
import secrets
from datetime import timedelta
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import delete, select

from accounts import audit
from accounts.people import AccountError, UserView, view_of
from data.database import BrowserSession, EnterCode, User, now, transaction
from settings import get_settings

COOKIE = "medhive_session"
SESSION_LIFE = timedelta(hours=12)
CODE_LIFE = timedelta(minutes=1)


def issue_code(user_id: int) -> str:
    """Return a code that ``exchange`` takes once, within a minute.

    Raises
    ------
    AccountError
        When the person may not sign in.
    """
    code = secrets.token_urlsafe(32)
    with transaction() as session:
        _may_sign_in(session.get(User, user_id))
        session.execute(delete(EnterCode).where(EnterCode.expires_at <= now()))
        session.add(EnterCode(code_sha256=_sha256(code), user_id=user_id, expires_at=now() + CODE_LIFE))
    return code


def exchange(code: str) -> str:
    """Use up a code and return the value of the session cookie, of a fresh session.

    Raises
    ------
    AccountError
        When the code is unknown, used or older than a minute.
    """
    token = secrets.token_urlsafe(32)
    with transaction() as session:
        # One statement takes the code away and reads it, so two browsers cannot both use it.
        taken = session.execute(
            delete(EnterCode)
            .where(EnterCode.code_sha256 == _sha256(code), EnterCode.expires_at > now())
            .returning(EnterCode.user_id)
        ).scalar_one_or_none()
        if taken is None:
            raise AccountError("This sign-in link was used already or is older than a minute; sign in again.")
        user = _may_sign_in(session.get(User, taken))
        session.execute(delete(BrowserSession).where(BrowserSession.expires_at <= now()))
        session.add(BrowserSession(token_sha256=_sha256(token), user_id=user.id, expires_at=now() + SESSION_LIFE))
        audit.record("signed in", user.email, by=user.id, session=session)
    return str(_signer().dumps(token))


def person_of(cookie: str | None) -> UserView | None:
    """Return who is signed in with this cookie; None for none, a forged, expired or revoked one."""
    token_sha256 = session_key(cookie)
    if token_sha256 is None:
        return None
    query = (
        select(User)
        .join(BrowserSession, BrowserSession.user_id == User.id)
        .where(BrowserSession.token_sha256 == token_sha256, BrowserSession.expires_at > now())
    )
    with transaction() as session:
        user = session.scalar(query)
        if user is None or (user.demo and not get_settings().demo):
            return None
        return view_of(user)


def sign_out(cookie: str | None) -> None:
    """Revoke the session of this cookie on the server; nothing happens for a cookie that is none."""
    token_sha256 = session_key(cookie)
    if token_sha256 is None:
        return
    with transaction() as session:
        ended = session.execute(
            delete(BrowserSession).where(BrowserSession.token_sha256 == token_sha256).returning(BrowserSession.user_id)
        ).scalar_one_or_none()
        if ended is not None:
            user = session.get_one(User, ended)
            audit.record("signed out", user.email, by=ended, session=session)


def session_key(cookie: str | None) -> str | None:
    """Return the key of the cookie's session in the database; None when the signature is not ours."""
    if not cookie or len(cookie) > 500:
        return None
    try:
        token = _signer().loads(cookie)
    except BadSignature:
        return None
    return _sha256(token) if isinstance(token, str) else None


def _may_sign_in(user: User | None) -> User:
    if user is None or (user.demo and not get_settings().demo):
        raise AccountError("This account cannot sign in.")
    return user


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(_key(get_settings().home / "keys" / "cookie.key"), salt="medhive browser session")


_keys: dict[Path, bytes] = {}


def _key(path: Path) -> bytes:
    """Read the signing key, made at first use: complete before it has its name, and readable by the owner only."""
    if path not in _keys:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
            try:
                os.link(draft, path)  # fails when another process was first, whose key then counts
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        _keys[path] = path.read_bytes()
    return _keys[path]
