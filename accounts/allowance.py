"""What one person may ask the companion in a minute, and what all may spend in a day at a provider they share.

Questions are counted in memory, since one server process answers them all; tokens in the database.
"""

from functools import lru_cache

from sqlalchemy.dialects.sqlite import insert

from accounts.attempts import Attempts
from data.database import TokensUsed, now, transaction
from settings import get_settings

_MINUTE = 60.0


class Allowance:
    """The allowance of one person.

    Parameters
    ----------
    who : a key of the person or, for visitors, of the address they come from. It is kept in memory only.
    """

    def __init__(self, who: str) -> None:
        self._who = who

    def wait(self) -> float:
        """Return the seconds until the next question; 0 counts one that is asked now."""
        asked = _asked(get_settings().questions_a_minute)
        seconds = asked.wait(self._who)
        if not seconds:
            asked.failed(self._who)  # the brake on guessing counts questions just as well
        return seconds

    def tokens_left(self) -> int:
        """Return the tokens that are left for today (UTC)."""
        return max(0, get_settings().tokens_a_day - tokens_today())

    def spend(self, tokens: int) -> None:
        """Count tokens that were used."""
        row = insert(TokensUsed).values(day=_today(), tokens=tokens)
        row = row.on_conflict_do_update(index_elements=["day"], set_={"tokens": TokensUsed.tokens + tokens})
        with transaction() as session:
            session.execute(row)


def allowance_of(person: int | None, address: str | None) -> Allowance:
    """Return the allowance of a signed-in person, or of visitors from ``address``."""
    return Allowance(f"person {person}" if person is not None else f"visitor {address or 'here'}")


def tokens_today() -> int:
    """Return the tokens that all people used today (UTC)."""
    with transaction() as session:
        row = session.get(TokensUsed, _today())
        return row.tokens if row else 0


def _today() -> str:
    return now().date().isoformat()


def forget_questions() -> None:
    """Forget who has asked how much in the last minute, as a new start of the server does."""
    _asked.cache_clear()


@lru_cache(maxsize=4)
def _asked(most: int) -> Attempts:
    return Attempts(most, _MINUTE)
