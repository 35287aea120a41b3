"""What kind of thing a question asks for, which topics it names, and which illness it is about."""

import re
import unicodedata
from collections.abc import Iterable

from rag.article import CARE, SECTIONS, Passage

_INTENTS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (  # sections, one at most of a kind of article
    (
        (CARE,),
        (
            r"when (should|do|must|to) .{0,30}(doctor|help|hospital|worry|worried|call|ambulance|emergency)",
            r"see (a|my|the) doctor|emergency|emergencies|urgent|looked at|get(ting)? .{0,12}checked|checked",
            r"should i (go|worry|be worried)|worry about|how serious|when is .{0,40}(dangerous|serious)",
        ),
    ),
    (
        ("What not to do",),
        (r"\b(should|must|do|can)(n't| not) (i|you|we|one|do)\b|\b(not|never) (to )?do\b|\bavoid\w*\b|\bmistakes?\b",),
    ),
    (
        ("What results mean",),
        (
            r"\b(results?|readings?|levels?|numbers?|values?|ranges?|borderline|abnormal|normal|positive|negative)\b",
            r"\b(high|low|raised|up|down)\b.{0,40}\bmeans?\b|what (does|do|can|will) .{0,40}\b(show|tell|find|detect)",
        ),
    ),
    (
        ("Side effects", "Risks and limits"),
        (
            r"side[- ]?effects?|\b(risks?|harm\w*|dangers?|dangerous|complications?|radiation|damages?|addict\w*)\b",
            r"\bmakes? (me|you|people)\b|\b(can|do|does|could) .{0,30}\b(cause|give)\b",
            r"\b(miss|wrong|accurate|reliable)\b",
        ),
    ),
    (
        ("Cautions", "Risks and limits"),
        (
            r"\b(safe(ly)?|pregnan\w*|breastfe\w*|alcohol|drink|interact\w*|mix(ed|ing)?|together|who should)\b",
            r"\b(stop|stopping|miss|missed|forget|forgot|avoid|allergic|careful|grapefruit|driv(e|ing)|children|kids?)\b",
        ),
    ),
    (
        ("Tests",),
        (
            r"\b(tests?|tested|testing|diagnos\w*|scans?|x-?rays?|screening|detect\w*|measure\w*|find out|examin\w*)\b",
            r"doctors? (know|tell|find|check)|check(ed)? for\b|blood count",
        ),
    ),
    (
        ("Symptoms", "Signs", "Side effects"),
        (
            r"\b(symptoms?|signs?)\b|feel(s)? like|what .{0,25}(look|feel)s? like|\bcan you feel\b|different from",
            r"\bhow (does|do|will) it feel\b",
            r"how (can|do|would|could) (i|you|we|one) (know|tell|notice|recogni[sz]e)",
        ),
    ),
    (
        ("How it works", "How they work"),
        (
            r"\bhow (does|do|is|are|will)\b.{0,50}\b(work|works|done|performed|made|taken|carried|help)\b|\bhow long\b",
            r"\bwhat happens\b|\b(hurts?|painful|prepar\w+|awake|fast(ing)?|procedure|needles?)\b|\bdo to (the|my)\b",
        ),
    ),
    (
        ("Treatment", "What to do"),
        (
            r"\b(treat\w*|cur(e|es|ed|able|ing)|medicines?|medications?|drugs?|tablets?|pills?|therap\w+|surgery)\b",
            r"\b(operation|manage\w*|prevent\w*|avoid\w*|reliev\w*|remed\w+|vaccin\w+|shots?|jabs?|recover\w*)\b",
            r"\b(inhalers?|antibiotics?|replacement|lower(ing)?|bring .{0,25}down)\b|get rid of|\bhelps?\b|good for",
            r"what (can|should|do) .{0,12}\bdo (about|against|for)\b",
        ),
    ),
    (
        ("What to do",),
        (
            r"\bfirst aid\b|what (should|do|can|must) (i|you|we|one) do\b|what to do",
            r"\bhow (do|to|can|should|fast|hard|deep|long)\b|\b(put|use|rinse|stop|steps?|save)\b",
        ),
    ),
    (
        ("Uses", "When it is done"),
        (
            r"\b(used|use|prescribed|given|needed|need|recommended|offered|purpose|invited)\b|\bwhat .{0,50}\bfor\b",
            r"\b(treat\w*|prevent\w*|help|helps|work for|good for|how often|who (needs|gets|should))\b|^why\b",
        ),
    ),
    (
        ("Causes and risk factors",),
        (
            r"\b(caus\w+|risks?|reasons?|trigger\w*|hereditary|inherit\w*|genetic|contagious|catch\w*|sets? off)\b",
            r"\b(chance|likely|damages?|raises?|worse|bad for)\b|^why (do|does|did|are|is)\b|runs? in .{0,12}famil",
            r"who (gets|is at)|how do (you|i|people) get\b|spread",
        ),
    ),
    (
        ("Overview",),
        (r"^(what|what's|whats) (is|are|does)\b|^(define|explain|describe)\b|tell me about|\bmeaning\b|^(is|are) ",),
    ),
)
_PATTERNS = [(sections, re.compile("|".join(patterns))) for sections, patterns in _INTENTS]
_ASKED_ABOUT = [
    re.compile(pattern)
    for pattern in (
        r"(?:.* )?(?:symptoms?|signs?|causes?|treatments?|cures?|tests?|therapy|medicines?|remed(?:y|ies)|risks?)"
        r" (?:of|for|against) (.+)",
        r"(?:.* )?side effects (?:of|from) (.+)",
        r"(?:.* )?what (?:causes|triggers|cures|treats|prevents) (.+)",
        r"(?:.* )?how (?:is|are|do i treat|do you treat|to treat|do you get|do i get rid of) (.+?)"
        r"(?: (?:treated|diagnosed|tested|caused|detected|spread|cured|found|prevented))?",
        r"(?:.* )?how (?:does|do) (.+?) spread",
        r"(?:.* )?(?:is|are) (.+?) (?:curable|hereditary|contagious|dangerous|inherited|genetic|treatable|fatal)",
        r"(.+?) (?:symptoms?|treatments?|causes|diagnosis|therapy|tests?)(?: options)?",
    )
]
_LETTERS = str.maketrans({"ı": "i", "ł": "l", "đ": "d", "ø": "o", "ß": "ss"})
_LONGEST_NAME = 4  # words; a longer phrase is a description and no name


def plain(text: str) -> str:
    """Return ``text`` in small letters with plain apostrophes and single spaces."""
    return re.sub(r"\s+", " ", text.lower().replace("’", "'").replace("‘", "'")).strip()


def without_accents(text: str) -> str:
    """Return ``text`` in small letters without accents, as it is typed in a hurry."""
    text = plain(text).translate(_LETTERS)
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


def sections_asked(question: str, kind: str = "condition") -> tuple[str, ...]:
    """Return the sections of an article of this kind that the wording of ``question`` asks for.

    The most telling comes first; the tuple is empty when the wording does not say.
    """
    text = plain(question)
    asked = [section for sections, pattern in _PATTERNS if pattern.search(text) for section in sections]
    found = [section for section in dict.fromkeys(asked) if section in SECTIONS[kind]]
    return tuple(section for section in found if section != "Overview" or found == ["Overview"])


def topics_named(question: str, passages: Iterable[Passage]) -> dict[str, int]:
    """Return the articles whose title or synonym stands in ``question``, with the length of the longest such name."""
    text = f" {letters(question)} "
    named: dict[str, int] = {}
    for passage in passages:
        for name in (passage.title, *passage.synonyms):
            key = letters(re.sub(r"\(.*?\)", "", name))
            if key and (f" {key} " in text or f" {key}s " in text):
                named[passage.article] = max(named.get(passage.article, 0), len(key))
    return named


def thing_asked_about(question: str) -> str:
    """Return the illness that a question of a usual form is about ("what causes X" gives X), or an empty text."""
    text = plain(question).rstrip("?!. ")
    for pattern in _ASKED_ABOUT:
        if match := pattern.fullmatch(text):
            words = [word for word in match[1].split() if word not in {"a", "an", "the", "my"}]
            return " ".join(words) if len(words) <= _LONGEST_NAME else ""
    return ""


def letters(text: str) -> str:
    """Return ``text`` in small letters and digits, all else as single spaces."""
    return re.sub(r"[^a-z0-9]+", " ", plain(text)).strip()
