"""The phrasings that the classifier of emergencies learns from, written by us, and how more are made of them.

``emergencies.txt`` and ``look_alikes.txt`` hold what people write, ``languages.txt`` the same in other languages,
``signs.txt`` names of emergencies that stand in the frames of ``frames.txt``: the same words once as something that
happens now, once as history, knowledge, story or negation. ``around.txt`` does the same to whole phrasings. A line in
brackets names the kind; ``-`` is no emergency. ``validation.jsonl`` is not learnt: the threshold is chosen on it.
``more/`` holds newer lines of the same sorts, which the shipped weights have not learnt yet.
"""

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
FILES = ("emergencies.txt", "look_alikes.txt", "languages.txt")
_PEOPLE_WRITTEN = """
husband wife mum dad mother father son daughter friend neighbour grandma grandpa brother sister colleague uncle aunt
partner boyfriend girlfriend nan
"""
_PEOPLE = _PEOPLE_WRITTEN.split()
_PERSON = re.compile(rf"\b({'|'.join(_PEOPLE)})\b")
_BEFORE = (
    *[""] * 6, "hi, ", "hello. ", "please ", "sorry to ask but ", "quick question: ", "so ", "hey ", "ok so ", "um ",
    "not sure where to ask, ", "good evening, ", "sorry for my english, ",
)  # fmt: skip
_AFTER = (
    *[""] * 6, "?", "!", "!!", "...", " please", " what should i do", " thanks", " help", " pls", " any advice?", ".",
    " is that bad", " what do you think", " who can help", " idk", " thank you in advance",
)  # fmt: skip


@dataclass(frozen=True)
class Phrasing:
    """A text and its kind of emergency; None is no emergency."""

    text: str
    kind: str | None
    section: str = ""  # "heart", "history" ...; of look-alikes the first word of the heading


def read(name: str, folder: Path = FOLDER) -> list[Phrasing]:
    """Return the lines of a file of ``folder`` with the kind above them."""
    found: list[Phrasing] = []
    kind, section = None, ""
    for line in (folder / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = re.split(r"\W", line.strip("[]"))[0] or name.removesuffix(".txt")
            kind = None if line in {"[-]"} or name.startswith("look") else line.strip("[]")
        elif line.strip():
            found.append(Phrasing(line.strip(), kind, section))
    return found


def validation() -> list[Phrasing]:
    """Return the phrasings that are not learnt."""
    lines = (FOLDER / "validation.jsonl").read_text(encoding="utf-8").splitlines()
    return [Phrasing(case["text"], case["kind"], case["group"]) for case in map(json.loads, lines)]


class Variations:
    """Makes variants: other relatives, slips of the keys, no punctuation, politeness, a harmless sentence beside."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (repeatable on purpose)

    def epoch(
        self, lines: list[Phrasing], english: list[Phrasing], varied: float, beside: int, quoted: int
    ) -> list[Phrasing]:
        """Return what is learnt in one epoch, in random order: lines, a share of them varied, frames and pairs."""
        made = [self.vary(line) if self._random.random() < varied else line for line in lines]
        made += self.framed() + self.beside(english, beside) + self.quoted(english, quoted)
        self._random.shuffle(made)
        return made

    def batches(self, lines: list[Phrasing], size: int) -> list[list[Phrasing]]:
        """Cut ``lines`` into batches of texts of like length, which wastes less on padding."""
        wide = size * 20
        pools = [sorted(lines[i : i + wide], key=lambda line: len(line.text)) for i in range(0, len(lines), wide)]
        made = [pool[i : i + size] for pool in pools for i in range(0, len(pool), size)]
        self._random.shuffle(made)
        return made

    def framed(self) -> list[Phrasing]:
        """Return every sign in some frames of "now" and in more of the others."""
        frames = read("frames.txt")
        now = [frame.text for frame in frames if frame.kind]
        other = [frame.text for frame in frames if not frame.kind]
        made = []
        for sign in read("signs.txt"):
            for frame in self._random.sample(now, 4):
                made.append(Phrasing(self._fill(frame, sign.text), sign.kind))
            for frame in self._random.sample(other, 5):
                made.append(Phrasing(self._fill(frame, sign.text), None))
        return made

    def quoted(self, phrasings: list[Phrasing], count: int) -> list[Phrasing]:
        """Return ``count`` emergencies that a frame of another time, a story, a lesson or a "no" makes harmless."""
        now = [phrasing for phrasing in phrasings if phrasing.kind]
        around = read("around.txt")
        made = []
        for _ in range(count):
            event, frame = self._random.choice(now), self._random.choice(around)
            made.append(Phrasing(frame.text.format(x=event.text.rstrip(".?! ")), frame.kind and event.kind))
        return made

    def beside(self, phrasings: list[Phrasing], count: int) -> list[Phrasing]:
        """Return an emergency with a harmless sentence before or after it, and two harmless ones, ``count`` of each."""
        now = [phrasing for phrasing in phrasings if phrasing.kind]
        other = [phrasing for phrasing in phrasings if not phrasing.kind]
        made = []
        for _ in range(count):
            event, calm, again = self._random.choice(now), self._random.choice(other), self._random.choice(other)
            joint = self._random.choice((". ", ". but now ", ", and ", "\n"))
            text = calm.text + joint + event.text if self._random.random() < 0.6 else f"{event.text}. {calm.text}"
            made.append(Phrasing(text, event.kind))
            made.append(Phrasing(calm.text + joint.replace("but now ", "") + again.text, None))
        return made

    def vary(self, phrasing: Phrasing) -> Phrasing:
        """Return ``phrasing`` as somebody else might type it."""
        text = _PERSON.sub(
            lambda match: self._random.choice(_PEOPLE) if self._random.random() < 0.6 else match[0], phrasing.text
        )
        if self._random.random() < 0.35:
            text = self._slip(text)
        if self._random.random() < 0.4:
            text = re.sub(r"[.,!?']", "", text.lower())
        return Phrasing(self._random.choice(_BEFORE) + text + self._random.choice(_AFTER), phrasing.kind)

    def _fill(self, frame: str, sign: str) -> str:
        return frame.format(x=sign, who=self._random.choice(_PEOPLE))

    def _slip(self, text: str) -> str:
        if len(text) < 3:
            return text
        for _ in range(1 + len(text) // 40):
            place = self._random.randrange(1, max(2, len(text) - 2))
            kind = self._random.random()
            if kind < 0.35:
                text = text[:place] + text[place + 1 : place + 2] + text[place] + text[place + 2 :]
            elif kind < 0.7:
                text = text[:place] + text[place + 1 :]
            else:
                text = text[:place] + text[place] + text[place:]
        return text
