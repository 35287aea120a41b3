"""Which symptoms a complaint speaks of, and which it denies."""

import re
from functools import lru_cache

from rag.intent import plain
from rag.symptoms.table import table

_NOT = re.compile(
    r"\b(no|not|never|without|don't|dont|doesn't|doesnt|didn't|haven't|havent|hasn't|isn't|isnt|nor|neither)\b"
)
_CLAUSE = re.compile(r"[.;!?]|,? but |,? however |,? although ")
_REACH = 40  # characters that a "no" reaches over, within its clause


def symptoms_in(text: str) -> dict[str, bool]:
    """Return the symptoms that ``text`` names: True where it has them, False where it says that it has not."""
    found: dict[str, bool] = {}
    for clause in _CLAUSE.split(plain(text)):
        for name, pattern in _patterns().items():
            for match in pattern.finditer(clause):
                before = clause[max(0, match.start() - _REACH) : match.start()]
                denied = bool(_NOT.search(before)) and not _NOT.search(match[0])
                found[name] = found.get(name, False) or not denied
    return found


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    def either(words: tuple[str, ...]) -> str:
        return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))

    return {name: re.compile(rf"\b({either(symptom.words)})\b") for name, symptom in table().symptoms.items()}
