"""Misspelt words are read as words of titles, said so, and never as another thing."""

import pytest

from rag.answer import answer
from rag.retrieve import search
from rag.spelling import Spelling

TITLES = (
    "Moyamoya Disease", "Ataxia Telangiectasia", "Hyperkalemia", "Dysphasia", "Potassium in diet", "Arthritis",
    "Macular degeneration", "Course of treatment",
)  # fmt: skip
KNOWN = {"what", "is", "the", "in", "my", "blood", "disease", "too", "much", "curse", "with", "body", "treated", "how"}
SPELLING = Spelling(
    [title.lower() for title in TITLES], lambda word: word in KNOWN | set(" ".join(TITLES).lower().split())
)


@pytest.mark.parametrize(
    ("typed", "read", "changes"),
    [
        ("what is moya moya disease", "what is moyamoya disease", (("moya moya", "moyamoya"),)),
        ("Is Telangectasia treated?", "Is telangiectasia treated?", (("Telangectasia", "telangiectasia"),)),
        (
            "potasium in blood, macular degenration",
            "potassium in blood, macular degeneration",
            (("potasium", "potassium"), ("degenration", "degeneration")),
        ),
        ("my arthritus", "my arthritis", (("arthritus", "arthritis"),)),
    ],
)
def test_a_misspelt_word_is_read_as_the_word_of_a_title(
    typed: str, read: str, changes: tuple[tuple[str, str], ...]
) -> None:
    spelt = SPELLING.read(typed)
    assert (spelt.text, spelt.changes) == (read, changes)
    assert SPELLING.read(read).changes == ()


@pytest.mark.parametrize(
    "typed",
    [
        "hypokalemia",  # the opposite
        "dysphagia",  # another thing, one letter away
        "hyperkalamatemia",  # more than a slip
        "arteritis",  # so many letters alike, and yet not arthritis
        "degenerations",  # its last letter says that it is another word
        "curse",  # a word that passages have
        "zebra",  # near to none
        "ataxa",  # too short to tell
        "disease body",  # two known words
        "",
        "12 ?!",
    ],
)
def test_others_stay_as_they_are(typed: str) -> None:
    assert SPELLING.read(typed).text == typed


@pytest.mark.usefixtures("with_index")
def test_an_answer_says_how_a_word_was_read() -> None:
    given = answer("what are the symptoms of pnuemonia and how is it spred")
    assert given.topic == "Pneumonia"
    assert given.lead == "I read “pnuemonia” as “pneumonia”."
    assert given.text.startswith(given.lead) and given.paragraphs
    assert search("pnuemonia").question == "pneumonia"
    assert answer("what are the symptoms of pneumonia").lead == ""


@pytest.mark.usefixtures("with_index")
def test_names_of_medicines_are_not_guessed_at() -> None:
    assert search("what is paracetemol for").question == "what is paracetemol for"
