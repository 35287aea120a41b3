"""Sites: the organisations that hold data, each with a key of its own."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.database import Site
from data.keys import new_wrapped_key

_LONGEST_NAME = 120


def ensure_site(session: Session, name: str) -> Site:
    """Return the site called ``name``; makes it, with a key, when it is new.

    Spaces around the name and doubled ones inside do not count. The row is flushed, so it has its id, and lasts if
    the caller's transaction commits.

    Raises
    ------
    ValueError
        When the name is empty, longer than 120 characters, or holds control characters.
    VaultError
        When there is no usable master key.
    """
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ValueError(f"A site needs a name of 1 to {_LONGEST_NAME} printable characters.")
    site = session.scalar(select(Site).where(Site.name == name))
    if site is None:
        first = session.scalar(select(func.count()).select_from(Site)) == 0
        site = Site(name=name, wrapped_key=new_wrapped_key(first=first))
        session.add(site)
        session.flush()
    return site
