"""The language of a question, what is said in it, and the question in English for the search.

The sources are English. ``language_of`` knows some twenty languages by their small words or their script;
``in_english`` turns a question of a usual form ("¿Cuáles son los síntomas de la diabetes?") into an English one by the
words of ``terms.txt``. Others are put into rough English word by word, by the table that emergencies are heard with.
Neither is a translation: words that are not known stay, and the search then abstains.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.guardrails.gloss import gloss_of, word_of
from rag.intent import plain, without_accents
from rag.lexicon import content_words

LANGUAGES_FILE = Path(__file__).parent / "languages.toml"
TERMS_FILE = Path(__file__).parent / "terms.txt"
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # with digits: type 1 is not type 2
_SCRIPT = 0.3  # share of the letters that are of a script, to take the language for the one that is written so
_TELLING = 0.2  # share of the words that give a language away
_ENGLISH_WRITTEN = """
the a an i i'm my you your he she it we they his her their this that is are was were be been am has have had do does
did don't can can't and or but of to for with on at from what what's how why when who which not just if there so out
up like after before about would could should in as by me
"""
_ENGLISH = frozenset(_ENGLISH_WRITTEN.split())
_UNSPACED = frozenset({"ja", "ko", "zh"})  # without spaces between words, or with endings stuck to them
_QUESTIONS = {
    "symptoms": "What are the symptoms of {x}?",
    "causes": "What causes {x}?",
    "treatment": "How is {x} treated?",
    "tests": "How is {x} diagnosed?",
    "doctor": "When should I see a doctor about {x}?",
    "prevention": "How can {x} be prevented?",
    "side effects": "What are the side effects of {x}?",
    "contagious": "Is {x} contagious?",
    "": "What is {x}?",
}


@dataclass(frozen=True)
class Language:
    """A language other than English, and what is said in it: see ``languages.toml``."""

    code: str
    name: str
    emergency: str
    english: str
    none: str
    words: frozenset[str]  # without accents
    letters: re.Pattern[str] | None
    unlike: re.Pattern[str] | None


def language_of(text: str) -> Language | None:
    """Return the language of ``text``; None when it is English or none that is known."""
    written = [letter for letter in text if letter.isalpha()]
    for language in languages():
        if language.letters is None:
            continue
        of_script = sum(bool(language.letters.match(letter)) for letter in written)
        few = language.code == "uk" and of_script > 0 and _share(text, "ru") > _SCRIPT  # four letters of its own
        if few or (of_script and of_script / len(written) >= _SCRIPT):
            return None if language.unlike and language.unlike.search(text) else language
    words = _WORD.findall(plain(text))
    if not words:
        return None
    known = {  # of "l'asthme" the part before the apostrophe
        language: sum(without_accents(word.partition("'")[0]) in language.words for word in words)
        for language in languages()
    }
    most = max(known.values())
    english = sum(word in _ENGLISH for word in words)
    if most <= english or most / len(words) < _TELLING:
        return None
    best = [language for language, count in known.items() if count == most]
    return next((language for language in best if _of_usual_form(text, language)), best[0])


def in_english(question: str, language: Language) -> str:
    """Return ``question`` as an English one, for the search; empty when too little of it is known."""
    return _of_usual_form(question, language) or _word_by_word(question, language)


def _word_by_word(question: str, language: Language) -> str:
    rough = gloss_of(question, language.name.lower())
    return rough if rough.isascii() else ""  # a foreign word that is left would be what it is about


def _of_usual_form(question: str, language: Language) -> str:
    text = f" {' '.join(_words(question))} "
    kind, things = "", []
    for term in _terms(language.code):
        found = term.pattern.search(text)
        if found is None:
            continue
        if term.asks:
            kind = kind or term.english
        else:
            things.append((found.start(), term.english))
        text = text[: found.start()] + " " * (found.end() - found.start()) + text[found.end() :]
    if not things:
        return ""
    spaced = language.code not in _UNSPACED  # else what is left is not cut into words
    for found in _TOKEN.finditer(text) if spaced else ():
        word = found[0]
        if word in language.words or len(word) <= 2:
            continue
        meaning = word_of(word, language.name.lower())
        if meaning is None and not word.isascii():
            return ""  # it may be what the question is about
        if meaning is None or content_words(meaning):
            things.append((found.start(), meaning or word))
    named = sorted(things)
    return _QUESTIONS[kind].format(x=" ".join(word for _, word in named))


@lru_cache
def languages() -> tuple[Language, ...]:
    """Return the languages that are known, those first whose script tells more."""
    table = tomllib.loads(LANGUAGES_FILE.read_text(encoding="utf-8"))
    return tuple(
        Language(
            code,
            entry["name"],
            entry["emergency"],
            entry["english"],
            entry["none"],
            frozenset(without_accents(entry["words"]).split()),
            re.compile(f"[{entry['letters']}]", re.IGNORECASE) if "letters" in entry else None,
            re.compile(f"[{entry['unlike']}]") if "unlike" in entry else None,
        )
        for code, entry in table.items()
    )


@dataclass(frozen=True)
class _Term:
    english: str
    asks: bool
    pattern: re.Pattern[str]


@lru_cache
def _terms(code: str) -> tuple[_Term, ...]:
    """Return the terms of a language, the longest first, so that "type 2 diabetes" is not taken for "diabetes"."""
    lines = [line for line in TERMS_FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    codes = [cell.strip() for cell in lines[0].split("|")]
    if code not in codes:
        return ()
    found: list[tuple[int, _Term]] = []
    asks = False
    for line in lines[1:]:
        if line.startswith("["):
            asks = line == "[asks]"
            continue
        cells = [cell.strip() for cell in line.split("|")]
        for name in (part.strip() for part in cells[codes.index(code)].split(",")):
            pattern = " ".join(re.escape(word) for word in _words(name.replace("*", "")))
            ending = r"[\w-]*" if name.endswith("*") else ""
            whole = pattern if code in _UNSPACED else rf"(?<= ){pattern}{ending}(?= )"
            found.append((len(name), _Term(cells[0], asks, re.compile(whole))))
    return tuple(term for _, term in sorted(found, key=lambda entry: -entry[0]))


def _share(text: str, code: str) -> float:
    letters = next(language.letters for language in languages() if language.code == code)
    written = [letter for letter in text if letter.isalpha()]
    return sum(bool(letters and letters.match(letter)) for letter in written) / max(1, len(written))


def _words(text: str) -> list[str]:
    return _TOKEN.findall(without_accents(text).replace("'", " "))
