"""What a question asks for, told from its words: by this, sites can be made unlike each other."""

import re

KINDS = (
    "something else",
    "what it is",
    "symptoms",
    "causes and risks",
    "treatment",
    "outlook",
    "tests",
    "when to seek help",
)
_WORDS = (
    ("when to seek help", r"when to (seek|contact|call)|urgent|emergency"),
    ("symptoms", r"symptom|signs?\b|how (to|do i|do you) know"),
    ("treatment", r"treat|therap|medication|medicine|cure|manage|surgery|prevent"),
    ("tests", r"test|diagnos|exam|screen"),
    ("outlook", r"outlook|prognosis|what to expect|complication|stages?\b|survival"),
    ("causes and risks", r"cause|risk|inherit|gene|how many|who gets|frequen|spread|susceptib"),
    ("what it is", r"^(what|who) (is|are)\b|information about|^do you have|describe"),
)


def kind_of(question: str) -> int:
    """Return the number of the kind, by the first words that fit."""
    for name, words in _WORDS:
        if re.search(words, question.lower()):
            return KINDS.index(name)
    return 0
