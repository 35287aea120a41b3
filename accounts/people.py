"""People of this installation: register, sign in by password, demo accounts, roles and sites."""

import re
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from accounts import audit
from accounts.attempts import Attempts
from accounts.passwords import NO_PASSWORD, PasswordError, check_fit, hash_password, matches, outdated
from accounts.permissions import Action, Role, allowed
from data.database import BrowserSession, EnterCode, Site, User, transaction
from settings import get_settings

DEMO_SITE = "Riverside Clinic"
_DEMO = {
    Role.ADMIN: ("admin@demo.medhive", "Demo admin", None),
    Role.PROVIDER: ("provider@demo.medhive", "Demo data provider", DEMO_SITE),
    Role.CONTRIBUTOR: ("contributor@demo.medhive", "Demo contributor", None),
    Role.USER: ("user@demo.medhive", "Demo user", None),
}
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)*")
_NAME = re.compile(r"[^\W_][\w .,'’()&/-]{0,118}[\w.)]?")  # nothing that a page could take for Markdown or HTML
_attempts = Attempts()


class AccountError(ValueError):
    """Something about an account is not right; the message is one sentence for the person."""


class TooManyAttempts(AccountError):
    """Somebody tried too many wrong passwords for this address; it may be tried again later."""


@dataclass(frozen=True)
class UserView:
    """A person as pages and API see one."""

    id: int
    email: str
    name: str
    role: Role
    site_id: int | None
    site_name: str | None
    demo: bool


def view_of(user: User) -> UserView:
    """Return the view of a row; an unknown role in the database counts as a visitor's, which may do least."""
    role = Role(user.role) if user.role in set(Role) else Role.VISITOR
    site = user.site
    return UserView(user.id, user.email, user.name, role, user.site_id, site.name if site else None, user.demo)


def choosable_roles() -> tuple[Role, ...]:
    """Return the roles a person may take when registering: all but admin in demo mode, else only ``user``."""
    return (Role.USER, Role.PROVIDER, Role.CONTRIBUTOR) if get_settings().demo else (Role.USER,)


def register(email: str, name: str, password: str, role: Role = Role.USER, site_name: str | None = None) -> UserView:
    """Make an account.

    Outside demo mode everybody starts as ``user`` without a site; an admin raises the role and assigns the site.

    Raises
    ------
    AccountError
        With one sentence: address, name, password, role or site is not right, or the address cannot be used.
    """
    if role not in choosable_roles():
        raise AccountError(f"The role {role} cannot be chosen; an admin gives it after registration.")
    site = _clean_site(role, site_name)
    return _create(email, name, password, role, site, by_command=False)


def create_admin(email: str, name: str, password: str) -> UserView:
    """Make an admin; for the command on the server, never for a page."""
    return _create(email, name, password, Role.ADMIN, None, by_command=True)


def verify(email: str, password: str) -> UserView | None:
    """Return the person when address and password belong together, else None, after the same work.

    Raises
    ------
    TooManyAttempts
        After five failures for the address within five minutes, whether it has an account or not.
    """
    key = email.strip().lower()
    if wait := _attempts.wait(key):
        raise TooManyAttempts(f"Too many failed attempts for this address; try again in {-int(-wait // 60)} min.")
    with transaction() as session:
        user = session.scalar(select(User).where(User.email == key))
        usable = user is not None and (not user.demo or get_settings().demo)
        if not matches(password, user.password_hash if user and usable else None):
            _attempts.failed(key)
            return None
        assert user is not None  # matches() is never true without a hash
        if outdated(user.password_hash):
            user.password_hash = hash_password(password)
        _attempts.succeeded(key)
        return view_of(user)


def change_password(user_id: int, old: str, new: str, *, keep_session_sha256: str | None = None) -> None:
    """Replace a password and sign out every other browser of the person.

    Raises
    ------
    AccountError
        When the old password is wrong, the new one is not fit, or the account is a demo account.
    """
    with transaction() as session:
        user = session.get(User, user_id)
        if user is None or user.demo:
            raise AccountError("A demo account has no password to change.")
        email, name, known = user.email, user.name, user.password_hash
    if wait := _attempts.wait(email):
        raise TooManyAttempts(f"Too many failed attempts for this address; try again in {-int(-wait // 60)} min.")
    if not matches(old, known):
        _attempts.failed(email)
        raise AccountError("The present password is not right.")
    _fit(new, name, email)
    with transaction() as session:
        user = session.get_one(User, user_id)
        user.password_hash = hash_password(new)
        session.execute(
            delete(BrowserSession).where(
                BrowserSession.user_id == user_id, BrowserSession.token_sha256 != (keep_session_sha256 or "")
            )
        )
        session.execute(delete(EnterCode).where(EnterCode.user_id == user_id))
        audit.record("changed the password", email, by=user_id, session=session)


def demo_people() -> list[UserView]:
    """Make sure the demo accounts exist and return them, admin first; an empty list outside demo mode."""
    if not get_settings().demo:
        return []
    people = []
    with transaction() as session:
        for role, (email, name, site_name) in _DEMO.items():
            user = session.scalar(select(User).where(User.email == email))
            if user is None:
                user = User(email=email, name=name, password_hash=NO_PASSWORD, role=role, demo=True)
                user.site = _site(session, site_name) if site_name else None
                session.add(user)
                session.flush()
            people.append(view_of(user))
    return people


def list_people() -> list[UserView]:
    """Return everybody with an account by name; demo accounts only in demo mode."""
    query = select(User).order_by(func.lower(User.name), User.id)
    if not get_settings().demo:
        query = query.where(User.demo.is_(False))
    with transaction() as session:
        return [view_of(user) for user in session.scalars(query)]


def set_role(user_id: int, role: Role, *, by: int, site_name: str | None = None) -> UserView:
    """Give a person a role and, for a data provider, a site; only an admin may.

    Parameters
    ----------
    site_name : site the person joins, made when it is new; None keeps the present one.

    Raises
    ------
    AccountError
        When ``by`` may not manage people, the person is unknown or a demo account, a data provider would be
        without a site, or the last admin would be gone.
    """
    with transaction() as session:
        admin = session.get(User, by)
        if admin is None or not allowed(admin.role, Action.MANAGE_PEOPLE) or (admin.demo and not get_settings().demo):
            raise AccountError("Only an admin may change roles.")
        user = session.get(User, user_id)
        if user is None:
            raise AccountError(f"There is no person with number {user_id}.")
        if user.demo:
            raise AccountError("The role of a demo account is fixed.")
        if role is Role.VISITOR:
            raise AccountError("A visitor is nobody signed in; choose another role.")
        if user.role == Role.ADMIN and role is not Role.ADMIN and not _other_admin(session, user_id):
            raise AccountError("This is the last admin; make another person admin first.")
        if site_name and site_name.strip():
            user.site = _site(session, _checked_site_name(site_name))
        if role is Role.PROVIDER and user.site is None:
            raise AccountError("A data provider belongs to a site; name the site.")
        before, user.role = user.role, role
        session.flush()
        detail = {"from": before, "to": role.value, "site": user.site.name if user.site else None}
        audit.record("changed a role", user.email, by=by, detail=detail, session=session)
        return view_of(user)


def _create(email: str, name: str, password: str, role: Role, site_name: str | None, *, by_command: bool) -> UserView:
    email, name = email.strip().lower(), " ".join(name.split())
    if not _EMAIL.fullmatch(email) or len(email) > 254:
        raise AccountError("The e-mail address is not complete; it should look like name@hospital.org.")
    if not _NAME.fullmatch(name):
        raise AccountError("The name has 1 to 120 letters, spaces and the signs . , ' ( ) & / - only.")
    _fit(password, name, email)
    password_hash = hash_password(password)  # before looking, so that a taken address takes as long as a free one
    try:
        with transaction() as session:
            user = User(email=email, name=name, password_hash=password_hash, role=role)
            session.add(user)
            session.flush()
            user.site = _site(session, site_name) if site_name else None
            session.flush()
            action = "made an admin by command" if by_command else "registered"
            audit.record(action, email, by=None if by_command else user.id, session=session)
            return view_of(user)
    except IntegrityError:
        raise AccountError("This e-mail address cannot be registered; if it is yours, sign in.") from None


def _fit(password: str, name: str, email: str) -> None:
    try:
        check_fit(password, name=name, email=email)
    except PasswordError as error:
        raise AccountError(str(error)) from None


def _clean_site(role: Role, site_name: str | None) -> str | None:
    if role is not Role.PROVIDER:
        return None
    if not site_name or not site_name.strip():
        raise AccountError("A data provider belongs to a site; name your hospital or practice.")
    return _checked_site_name(site_name)


def _checked_site_name(site_name: str) -> str:
    name = " ".join(site_name.split())
    if not _NAME.fullmatch(name) or len(name) < 2:
        raise AccountError("The name of a site has 2 to 120 letters, spaces and the signs . , ' ( ) & / - only.")
    return name


def _site(session: Session, name: str) -> Site:
    from data.sites import ensure_site  # brings in cryptography, which only a new site needs

    return ensure_site(session, name)


def _other_admin(session: Session, user_id: int) -> bool:
    query = select(User.id).where(User.role == Role.ADMIN, User.id != user_id, User.demo.is_(False))
    return session.scalar(query.limit(1)) is not None
