"""What a topic is called: its title without trimmings, and the other names that title and text give it."""

import re
from collections.abc import Sequence

_TRIMMINGS = re.compile(r"^(what i need to know about|parasites - |facts about|understanding|about)\s*", re.I)
_ALSO = re.compile(
    r"(?:\W+\([^)]*\))?\W+(?:is |are )?(?:also|sometimes|commonly|often|better|formerly) "
    r"(?:called|known as|referred to as|termed|named) "
    r"(?:the |an? )?([\w' -]{3,60}?)(?=[,.;:()]| is | are | or | and | which | when )"
)
_SHORT = re.compile(r" \(([A-Z][A-Za-z0-9-]{1,6})\)")
_LONGEST = 6  # words of a name; more are a description


def title_of(focus: str) -> str:
    """Return ``focus`` without "What I need to know about" and the like."""
    return _TRIMMINGS.sub("", focus.strip()) or focus.strip()


def other_names(focus: str, sentences: Sequence[str] = ()) -> tuple[str, ...]:
    """Return other names of a topic.

    Parameters
    ----------
    focus : its title, such as "Toxoplasmosis (Toxoplasma infection)" or "Prostate Enlargement: Benign Hyperplasia".
    sentences : what an introduction says of it; names stand after "also called" and, shortened, in brackets.
    """
    title = title_of(focus)
    found: dict[str, None] = {}
    for inner in re.findall(r"\(([^)]+)\)\s*$", title):
        found.setdefault(re.sub(r"^(also )?(known as|called) ", "", inner))
    bare = " ".join(re.sub(r"\([^)]*\)", " ", title).split())
    if bare != title:
        found.setdefault(bare)
    parts = re.split(r": | - |; ", bare)
    for part in parts if len(parts) > 1 else ():
        found.setdefault(part)
    for sentence in sentences:
        place = sentence.lower().find(bare.lower())
        for pattern in (_ALSO, _SHORT) if place >= 0 else ():
            if match := pattern.match(sentence, place + len(bare)):
                found.setdefault(match[1].strip())
    return tuple(
        name for name in found if name.lower() != title.lower() and len(name) > 1 and len(name.split()) <= _LONGEST
    )
