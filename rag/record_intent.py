"""Which section of a record a question asks for, such as "Inheritance"; sections as in ``rag/sources/records.py``."""

import re
from collections.abc import Iterable

from rag.intent import letters

_PATTERNS = [  # the most telling first
    (
        "Inheritance",
        r"\b(inherit\w*|heredit\w*|runs? in (the |my |his |her |our )?famil\w*|pass(ed)?( it)? (on|down)|passed"
        r"|hand(ed)? down|genetic from|get (it )?(from|too) .{0,15}(parents?|mother|father|dad|mum|mom)"
        r"|(both|one) (of )?(my |the )?parents?|from both of us|famil\w+ get|chances? that (i|my \w+) (get|will)"
        r"|will (i|my \w+) (get|inherit|be|have)|something you get from"
        r"|my (kids|children|baby|son|daughter)\b.{0,30} (get|too))\b",
    ),
    ("Genetic changes", r"\b(genes?|mutations?|mutated|genetic changes?|gene faults?|chromosom\w+ change)\b"),
    ("Research", r"\b(research\w*|clinical trials?|studies|studying|scientists?|trials?)\b"),
    ("How common it is", r"\b(how (many|common|rare|often|frequent\w*)|prevalence|incidence|number of people)\b"),
    (
        "Outlook",
        r"\b(outlook|prognosis|life expectancy|how long .{0,30}live|surviv\w*|go away|get better|long term|recover\w*"
        r"|die from|fatal|chances? (of (recovery|survival)|for))\b",
    ),
    ("Stages", r"\bstages?\b"),
    ("Complications", r"\b(complications?|go wrong|left (alone|untreated)|lead to|happens? if)\b"),
    (
        "Prevention",
        r"\b(prevent\w*|avoid\w*|protect\w*|keep from|(lower|reduce) (my|the|your|his|her) (chances?|risks?)"
        r"|stop .{0,40}from happening)\b",
    ),
    (
        "What to know and do",
        r"\b(what (to|should|can|could) (i |we |you |my \w+ )?.{0,40}(do|eat|drink)\b|diet|nutrition|eat(ing)?"
        r"|should .{0,40}\b(eat|do)\b)",
    ),
    ("Who is at risk", r"\b(who (is at|gets?|has|should)|at risk|risks?|more likely|dangers?|likely to get)\b"),
    (
        "Tests",
        r"\b(diagnos\w*|tests?|tested|check(ed|s)?|detect\w*|find out|found|finds?|seen before birth|look for|screen\w*"
        r"|examin\w*|doctors? (know|tell)|can (a|the) doctor tell|shows? up on)\b",
    ),
    ("Symptoms", r"\b(symptoms?|signs?|notice|looks? like|feel(s|ing)?|show(s)? (itself|in|up)|problems do)\b"),
    (
        "Treatment",
        r"\b(treat\w*|therap\w+|cure[sd]?|medicines?|medications?|drugs?|helps?|fix(ed)?|get rid"
        r"|what can (be done|doctors do)|something to do|is done for|give (you|someone|them)|do you (take|give)"
        r"|surgery|operation|manage[ds]?)\b",
    ),
    (
        "Causes and risk factors",
        r"\b(caus\w+|why|brings? on|comes? from|reasons?|leads? to|behind|due to|makes? (a|the))\b",
    ),
    (
        "Overview",
        r"^(what|what's|whats|who|explain|tell|describe|define|do you have|can you explain)\b|\bwhat (is|are|does)\b"
        r"|information about|\bmeans?\b",
    ),
]
_COMPILED = [(section, re.compile(pattern)) for section, pattern in _PATTERNS]


def record_sections_asked(question: str, names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the sections that the wording of ``question`` asks for, the most telling first.

    Parameters
    ----------
    question : as somebody asks it.
    names : names of topics in it, in small letters, as ``rag.topics.Topics.names_in`` gives them: they do not count, so
        that "hereditary angioedema" does not ask for inheritance.
    """
    text = f" {letters(question)} "
    for name in sorted(names, key=len, reverse=True):
        if len(name.split()) > 1:
            text = text.replace(f" {name} ", " it ")
    return tuple(section for section, pattern in _COMPILED if pattern.search(text.strip()))
