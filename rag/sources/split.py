"""Cut a text into sentences, and sentences into passages that the embedding model reads whole."""

import re
from collections.abc import Iterator, Sequence

PASSAGE_WORDS = 110  # about 160 tokens; the model reads 256, and shorter passages are found better
_LONGEST = 420  # characters of a sentence; longer ones are lists, cut between their items
_ABBREVIATIONS = frozenset(
    "dr mr mrs ms st vs e.g i.e etc approx dept inc no fig jr sr prof u.s u.k a.m p.m al ca cf ed vol spp".split()  # noqa: SIM905
)
_END = re.compile(r"(?<=[.?!])[\"')\]]?\s+(?=[\"'(\[]?[A-Z0-9•-])")
_LAST_WORD = re.compile(r"([A-Za-z.]+)\.$")


def sentences(text: str) -> list[str]:
    """Return the sentences of ``text`` in order, white space folded; a very long list is cut between items."""
    found: list[str] = []
    for line in re.split(r"\n\s*\n", text):
        pieces = _END.split(" ".join(line.split()))
        whole = ""
        for piece in pieces:
            whole = f"{whole} {piece}" if whole else piece
            if not _ends_in_abbreviation(whole):
                found.extend(_items(whole))
                whole = ""
        if whole:
            found.extend(_items(whole))
    return [sentence for sentence in found if re.search(r"[A-Za-z]{2}", sentence)]


def passages(lines: Sequence[str], words: int = PASSAGE_WORDS) -> Iterator[tuple[str, ...]]:
    """Yield runs of whole sentences of at most ``words`` words; a last one of a few words joins the one before."""
    runs: list[list[str]] = []
    count = 0
    for line in lines:
        length = len(line.split())
        if not runs or count + length > words:
            runs.append([])
            count = 0
        runs[-1].append(line)
        count += length
    if len(runs) > 1 and sum(len(line.split()) for line in runs[-1]) < words // 5:
        runs[-2].extend(runs.pop())
    return (tuple(run) for run in runs)


def _ends_in_abbreviation(text: str) -> bool:
    match = _LAST_WORD.search(text)
    return match is not None and (match[1].lower() in _ABBREVIATIONS or len(match[1]) == 1)


def _items(sentence: str) -> list[str]:
    """Cut a sentence longer than ``_LONGEST`` between the items of its list, or between words as a last resort."""
    sentence = sentence.strip().lstrip("•").strip()
    if len(sentence) <= _LONGEST:
        return [sentence]
    parts: list[str] = []
    for item in re.split(r"\s(?=[-•] )|(?<=[;%])\s", sentence):
        if parts and len(parts[-1]) + len(item) < _LONGEST:
            parts[-1] = f"{parts[-1]} {item}"
        else:
            parts.append(item)
    return [piece for part in parts for piece in _words(part)]


def _words(part: str) -> list[str]:
    pieces: list[str] = []
    for word in part.split():
        if pieces and len(pieces[-1]) + len(word) < 2 * _LONGEST:
            pieces[-1] = f"{pieces[-1]} {word}"
        else:
            pieces.append(word[: 2 * _LONGEST])
    return pieces
