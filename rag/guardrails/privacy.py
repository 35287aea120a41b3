"""Personal data taken out before a request leaves the machine, with a preview of what was taken.

Names, mail addresses, telephone and other long numbers, dates, addresses and postcodes become marks such as
``[name 1]``; ages, temperatures and laboratory values stay, since the answer depends on them. Words of the corpus,
medicines and illnesses that carry a name (Crohn, Parkinson) are never taken for a person.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.guardrails.gloss import gloss

_CORPUS = Path(__file__).parent.parent / "corpus"
_NAMES_FILE = Path(__file__).parent / "first_names.txt"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("mail", r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"),
        ("link", r"\b(?:https?://|www\.)\S+"),
        (
            "date",
            rf"\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH},? (?:\d{{4}}|'?\d\d\b)"
            rf"|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}",
        ),
        ("date", rf"\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?!\w)|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b"),
        ("date", r"\b(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d\d))\b"),
        ("number", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
        ("number", r"\b\d{3}-\d{2}-\d{4}\b|\b[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"),
        (
            "number",
            r"\b(?:patient|record|insurance|policy|passport|nhs|mrn|case|id|ssn|member|account|licence"
            r"|license)(?: (?:no|nr|number|id))?[.:# ]+(?=[A-Z-]*\d)[A-Z0-9-]{4,}",
        ),
        ("phone", r"(?<![\w.,/])(?:\+|00)?\(?\d{1,4}\)?(?:[ ./-]?\(?\d{2,4}\)?){2,5}(?![\w/]|[.,]\d)"),
        ("number", r"(?<![\w.,])\d{6,}(?!\w)"),
        ("number", r"\b\d{1,3}(?:\.\d{1,3}){3}\b"),
        (
            "address",
            r"\b\d{1,4}[a-z]?,? (?:[A-Z][\w']+ ){1,3}(?:street|st|road|rd|avenue|ave|lane|ln|drive|close"
            r"|court|way|place|square|boulevard|blvd|terrace|crescent)\b\.?",
        ),
        (
            "address",
            r"\b[\w]+(?:straße|strasse|str\.|gasse|weg|platz) \d{1,4}[a-z]?\b|\b(?:calle|rue|via|rua"
            r"|avenida) (?:de (?:la |los )?)?[A-Z]\w+,? \d{1,4}\b",
        ),
        ("postcode", r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b"),
    )
)
_SHORTEST_PHONE = 7  # digits; fewer may be a reading ("120 80 72")
_WORD = r"[^\W\d_][\w'’-]*"
_CUES = re.compile(
    rf"(?:\b(?:my|his|her|their|our) (?:full |first |last )?name(?: is|'s|:)|\bname:|\bi am called|\bcalled"
    rf"|\bnamed|\bthis is"
    rf"|\bmr\.?|\bmrs\.?|\bms\.?|\bmiss|\bdr\.?|\bdoctor|\bprof(?:essor)?\.?|\bnurse|\bsigned,?|\bregards,?"
    rf"|\bdear|\bpatient:?)\s+"
    rf"(?P<name>{_WORD}(?: (?:(?:van|von|de|da|del|bin|al|la|le) )*{_WORD})?)",
    re.IGNORECASE,
)
_ALWAYS = re.compile(r"name|called|^mr|^ms|^miss|^dear|signed|regards", re.IGNORECASE)
_INTRODUCTION = re.compile(rf"\b(?:[Ii]['’]?m|[Ii] am) (?P<name>{_WORD}(?: {_WORD})?)")
_CAPITALISED = re.compile(r"(?<![\w@])[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ'’]+(?:-[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]+)?")
# One word with a capital could just begin a sentence; two are a name.
_FULL_NAME = re.compile(r"[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ'’-]+ [A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ'’-]+")
_MEDICINE = re.compile(
    r"\w+(?:cillin|mycin|statin|pril|olol|sartan|azole|oxetine|azepam|zolam|codone|mab|nib|tide|gliptin"
    r"|gliflozin|formin"
    r"|xaban|parin|vir|dipine|thiazide|semide|profen|cetamol|aminophen|triptan|barbital|caine|sone|solone|phylline)"
)
_ILLNESS = re.compile(
    r"(?:['’]s)? (?:disease|syndrome|palsy|lymphoma|sign|cyst|tumou?r|ulcer|disorder|cell|virus|test)", re.I
)
_SMALL_WORDS_WRITTEN = """
a about after again all also am an and any are as at back be because been before but by can could day did do does
doctor each every feel fine for from get had has have he hello her here hi him his hospital how i if in into is it
its just last like many may me mine more morning much my name need never new night no nobody not now of off often on
one or other our out patient pain please regards she should sick since so some somebody someone still such take tell
than thank thanks that the their them then there these they this those to today told tomorrow too until up us very
was we week well were what when where which while who why will with work would year yes yesterday you your monday
tuesday wednesday thursday friday saturday sunday january february march april june july august september october
november december english german french spanish italian europe america african asian british american england
germany france spain italy india china uk usa tired worried pregnant diabetic scared afraid dear yours sincerely
kind best both old young male female man woman asthmatic allergic christmas easter god covid
"""
_SMALL_WORDS = frozenset(_SMALL_WORDS_WRITTEN.split())


@dataclass(frozen=True)
class Taken:
    """One piece of personal data: what it is, how it stood there, where, and the mark that stands there now."""

    kind: str
    original: str
    start: int
    end: int
    mark: str


@dataclass(frozen=True)
class Preview:
    """A text as it may leave the machine, and what was taken out of it, in order. Never to be logged."""

    text: str
    taken: tuple[Taken, ...]

    def restore(self, answer: str) -> str:
        """Return ``answer`` with the marks replaced by what they stand for; for the person's own screen."""
        for entry in self.taken:
            answer = answer.replace(entry.mark, entry.original)
        return answer


def without_personal_data(text: str) -> Preview:
    """Take personal data out of ``text``. The same name gets the same mark each time."""
    found = _without_overlap([*_by_pattern(text), *_names(text)])
    marks: dict[tuple[str, str], str] = {}
    counts: dict[str, int] = {}
    taken, parts, last = [], [], 0
    for kind, start, end in found:
        original = text[start:end]
        key = (kind, original.lower())
        if key not in marks:
            counts[kind] = counts.get(kind, 0) + 1
            marks[key] = f"[{kind} {counts[kind]}]"
        taken.append(Taken(kind, original, start, end, marks[key]))
        parts += [text[last:start], marks[key]]
        last = end
    return Preview("".join([*parts, text[last:]]), tuple(taken))


def _by_pattern(text: str) -> Iterator[tuple[str, int, int]]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if kind != "phone" or sum(sign.isdigit() for sign in match[0]) >= _SHORTEST_PHONE:
                yield kind, match.start(), match.end()


def _names(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _CUES.finditer(text):
        sure = bool(_ALWAYS.search(match[0][: match.start("name") - match.start()]))
        yield from _name_at(text, match.start("name"), match.end("name"), sure=sure)
    for match in _INTRODUCTION.finditer(text):
        if match["name"].lower().split()[0] in first_names() or match["name"].istitle():
            yield from _name_at(text, match.start("name"), match.end("name"), sure=True)
    english = gloss(text) == text  # in German every noun is written with a capital
    for match in re.finditer(_WORD, text):
        word = match[0].lower().removesuffix("'s").removesuffix("’s")
        capital = match[0][0].isupper()
        if (word in first_names() and (capital or word not in _ordinary())) or (
            capital
            and english
            and not _ILLNESS.match(text[match.end() :])
            and (not _starts_sentence(text, match.start()) or _FULL_NAME.match(text, match.start()))
            and _CAPITALISED.fullmatch(match[0])
        ):
            yield from _name_at(text, match.start(), match.start() + len(word), sure=False)


def _name_at(text: str, start: int, end: int, *, sure: bool) -> Iterator[tuple[str, int, int]]:
    """Yield the words from ``start`` to ``end`` that can be a name; ``sure`` when the text says that it is one."""
    for match in re.finditer(_WORD, text[start:end]):
        word = match[0].lower().removesuffix("'s").removesuffix("’s")
        known = word in _SMALL_WORDS or _MEDICINE.fullmatch(word) or (word in _ordinary() and word not in first_names())
        if known and not (sure and match[0][0].isupper() and word not in _SMALL_WORDS):
            if sure:
                return  # "my name is not important": what follows is no name either
            continue
        yield "name", start + match.start(), start + match.start() + len(word)


def _starts_sentence(text: str, place: int) -> bool:
    before = text[:place].rstrip(" \"'(“‘")
    return not before or before[-1] in ".!?:\n;-"


def _without_overlap(found: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Keep, of pieces that overlap, the longest; return them in order."""
    kept: list[tuple[str, int, int]] = []
    for entry in sorted(set(found), key=lambda entry: (entry[1] - entry[2], entry[1])):
        if all(entry[2] <= other[1] or entry[1] >= other[2] for other in kept):
            kept.append(entry)
    return sorted(kept, key=lambda entry: entry[1])


@lru_cache
def first_names() -> frozenset[str]:
    """Return common first names, in small letters."""
    return frozenset(_NAMES_FILE.read_text(encoding="utf-8").split())


@lru_cache
def _ordinary() -> frozenset[str]:
    """Return the words of the corpus: illnesses, medicines and plain English, none of which is a person."""
    words: set[str] = set()
    for file in _CORPUS.glob("*.md"):
        body = file.read_text(encoding="utf-8")
        words.update(re.findall(r"[^\W\d_]+", body.lower()))
    return frozenset(words)
