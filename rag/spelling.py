"""Read misspelt words of a question as the words of titles that they are near to ("telangectasia", "moya moya")."""

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
_TWO_WORDS = re.compile(r"\b([A-Za-z]{2,})[ -](?=([A-Za-z]{2,})\b)")
_SHORTEST = 6  # letters; shorter words are near to too many
# Where these differ, two words are two things, however near: hypokalemia and hyperkalemia, dysphagia and dysphasia.
_BEGINNINGS = (
    "hypo",
    "hyper",
    "micro",
    "macro",
    "intra",
    "inter",
    "ante",
    "anti",
    "pre",
    "post",
    "endo",
    "ecto",
    "epi",
)
_ENDINGS_WRITTEN = """
itis osis oma omas emia aemia uria pathy ectomy otomy ostomy oscopy plasty plegia paresis phagia phasia phonia algia
dynia cyte cytosis penia philia phobia plasia trophy static lysis rrhea rrhagia cele
"""
_ENDINGS = sorted(_ENDINGS_WRITTEN.split(), key=len, reverse=True)
_NEAR = 0.85  # of 1, difflib's share of letters that two words have in common in the same order
_OWN = frozenset({"arteritis", "colonic"})  # right as they are, though a slip away from a title's word
_LONG = 9  # letters, from which on a word may have two slips; in shorter ones it is another word


@dataclass(frozen=True)
class Spelt:
    """A question as it is read, and what was read as something else: pairs (typed, read)."""

    text: str
    changes: tuple[tuple[str, str], ...] = ()


class Spelling:
    """The words of titles, to read questions by.

    Parameters
    ----------
    names : titles and other names of documents, in small letters.
    known : says of a word in small letters whether any passage has it; such words stay as they are.
    """

    def __init__(self, names: Iterable[str], known: Callable[[str], bool]) -> None:
        self._known = known
        self._words: dict[str, set[str]] = defaultdict(set)  # by their first letter
        for word in {word for name in names for word in name.split()}:
            if len(word) >= _SHORTEST and word.isalpha():
                self._words[word[0]].add(word)

    def read(self, question: str) -> Spelt:
        """Return ``question`` with each unknown word as the title's word that is nearest, where one is near enough.

        Two words that a title writes as one are joined when one of them is unknown.
        """
        changes: list[tuple[str, str]] = []

        def joined(match: re.Match[str]) -> str:
            first, second = match[1].lower(), match[2].lower()
            whole = first + second
            if whole not in self._words[whole[0]] or (self._known(first) and self._known(second)):
                return match[0]
            changes.append((f"{match[0]}{match[2]}", match[1] + match[2]))
            return match[1]

        def nearest(match: re.Match[str]) -> str:
            typed = match[0].lower()
            if len(typed) < _SHORTEST or typed in _OWN or self._known(typed):
                return match[0]
            alike = sorted(word for word in self._words[typed[0]] if _may_be(typed, word))
            near = difflib.get_close_matches(typed, alike, 1, _NEAR)
            if not near:
                return match[0]
            changes.append((match[0], near[0]))
            return near[0]

        text = _WORD.sub(nearest, _TWO_WORDS.sub(joined, question))
        return Spelt(text, tuple(changes))


def _may_be(typed: str, word: str) -> bool:
    """Whether ``typed`` is ``word`` with a slip or two, not another term.

    Slips seldom change the last letter, and what changes the meaning of a term has to be the same in both; its end may
    itself be misspelt.
    """
    end = next((part for part in _ENDINGS if typed.endswith(part)), "")
    if typed[-1] != word[-1] or _beginning(typed) != _beginning(word) or not word.endswith(end):
        return False
    stem, other = typed.removesuffix(end), word.removesuffix(end)
    return _slips(stem, other) <= (2 if len(stem) >= _LONG else 1)


def _beginning(word: str) -> str:
    return next((part for part in _BEGINNINGS if word.startswith(part)), "")


def _slips(typed: str, word: str) -> int:
    """Return how many letters are wrong, missing, too many or exchanged with the next (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(word) + 1))
    for place, letter in enumerate(typed, 1):
        before, last, row = row, before, [place]
        for column, wanted in enumerate(word, 1):
            least = min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != wanted))
            if column > 1 and place > 1 and letter == word[column - 2] and typed[place - 2] == wanted:
                least = min(least, last[column - 2] + 1)
            row.append(least)
    return row[-1]
