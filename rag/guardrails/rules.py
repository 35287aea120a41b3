"""Emergencies that plain patterns see: at once, without any model. ``emergency.py`` adds what patterns cannot see.

A pattern of ``red_flags.toml`` counts unless its place says otherwise: negated ("no chest pain"), about knowledge
("what causes chest pain"), long ago ("had a stroke in 2015"), or a story ("in the film he has a heart attack").
Patterns lean towards raising the alarm: a needless red card costs a moment, a missed one may cost a life.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag.article import Link
from rag.intent import plain

RULES_FILE = Path(__file__).parent / "red_flags.toml"
_REACH = 60  # characters before a match in which a negation counts
_ALWAYS = "suicide"  # a wish to die counts also when it comes as a question


@dataclass(frozen=True)
class RedFlag:
    """An emergency that a text may speak of, with what to do now."""

    kind: str
    title: str
    advice: str
    link: Link


@dataclass(frozen=True)
class _Rule:
    flag: RedFlag
    patterns: tuple[re.Pattern[str], ...]
    together: tuple[tuple[re.Pattern[str], ...], ...]


@dataclass(frozen=True)
class _Context:
    negation: re.Pattern[str]
    knowledge: re.Pattern[str]
    now: re.Pattern[str]
    long_ago: re.Pattern[str]
    not_ago: re.Pattern[str]
    story: re.Pattern[str]
    figure: re.Pattern[str]
    general: re.Pattern[str]
    certain: re.Pattern[str]


def flags() -> dict[str, RedFlag]:
    """Return every emergency that is known, by its kind."""
    return {rule.flag.kind: rule.flag for rule in _load()[0]}


def seen_by_rules(text: str) -> RedFlag | None:
    """Return the emergency that a pattern finds in ``text``, or None.

    Parameters
    ----------
    text
        What a person wrote, in English. It is looked at here and nowhere kept.
    """
    rules, context = _load()
    text = _with_apostrophes(plain(text))
    if context.story.search(text) and not context.certain.search(text):
        return None
    sentences = [part.strip() for part in re.split(r"[.!?;\n]+(?:\s|$)|\s[-–—]\s", text) if part.strip()]
    present = {kind: [s for s in sentences if _speaks_of_now(s, text, kind)] for kind in (_ALWAYS, "")}
    for rule in rules:
        for sentence in present[_ALWAYS if rule.flag.kind == _ALWAYS else ""]:
            if any(_found(pattern, sentence) for pattern in rule.patterns):
                return rule.flag
        if any(all(_found(pattern, text) for pattern in group) for group in rule.together) and present[""]:
            return rule.flag
    return None


@lru_cache
def _load() -> tuple[tuple[_Rule, ...], _Context]:
    table: dict[str, Any] = tomllib.loads(RULES_FILE.read_text(encoding="utf-8"))
    rules = tuple(
        _Rule(
            RedFlag(entry["kind"], entry["title"], entry["advice"], Link(**entry["link"])),
            tuple(re.compile(pattern) for pattern in entry["patterns"]),
            tuple(tuple(re.compile(pattern) for pattern in group) for group in entry["together"]),
        )
        for entry in table["rule"]
    )
    context = {name: "|".join(parts) for name, parts in table["context"].items()}
    turn = r"(?:(?!\b(?:but|though|however|except|only)\b|,).)*$"  # after these words a negation no longer holds
    return rules, _Context(
        negation=re.compile(rf"\b({context['negation']})\b{turn}"),
        knowledge=re.compile(rf"^(and |so |but |hi |hello |please |also )*({context['knowledge']})"),
        now=re.compile(rf"\b({context['now']})\b"),
        long_ago=re.compile(rf"\b({context['long_ago']})\b"),
        not_ago=re.compile(rf"\b({context['not_ago']})\b"),
        story=re.compile(rf"\b({context['story']})\b"),
        figure=re.compile(context["figure"]),
        general=re.compile(rf"^({context['general']})"),
        certain=re.compile(rf"\b({context['certain']})\b"),
    )


def _with_apostrophes(text: str) -> str:
    """Put back the apostrophes that people leave out in a hurry."""
    text = re.sub(r"\b(can|won|don|doesn|didn|isn|wasn|couldn|hasn|haven)t\b", r"\1't", text)
    return re.sub(r"\bim\b", "i'm", re.sub(r"\bive\b", "i've", re.sub(r"\b(s?he)s\b", r"\1's", text)))


def _speaks_of_now(sentence: str, text: str, kind: str) -> bool:
    """Whether a sentence is about a person now, and not about knowledge, the past or a figure of speech."""
    _, context = _load()
    if context.figure.search(sentence):
        return False
    if context.long_ago.search(sentence) and not context.not_ago.search(sentence):
        return False
    if not context.knowledge.search(sentence):
        return True
    learning = context.general.search(sentence) and not re.search(r"\b(now|having|suddenly|just)\b", text)
    return bool(context.now.search(sentence)) and (kind == _ALWAYS or not learning)


def _found(pattern: re.Pattern[str], text: str) -> bool:
    """Whether ``pattern`` stands in ``text`` at least once without a negation before it."""
    _, context = _load()
    return any(
        not context.negation.search(text[max(0, match.start() - _REACH) : match.start()])
        for match in pattern.finditer(text)
    )
