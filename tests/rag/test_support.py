"""A sentence that joins two lines of a passage is judged clause by clause."""

import pytest

from rag.article import Passage, Sentence
from rag.guardrails.support import Support

LINES = (
    "During an asthma attack the airways narrow quickly.",
    "Reliever inhalers open the airways again within minutes.",
)
PASSAGE = Passage("asthma", "condition", "Asthma", "Treatment", (), tuple(Sentence(line, ()) for line in LINES))


@pytest.mark.parametrize(
    ("sentence", "backed"),
    [
        ("During an asthma attack reliever inhalers open the airways again within minutes.", True),
        ("The airways narrow quickly in an asthma attack, and reliever inhalers open the airways again.", True),
        ("Reliever inhalers narrow the airways again within minutes.", False),
        ("During an asthma attack the airways open quickly.", False),
    ],
)
def test_each_clause_is_held_to_the_line_that_it_is_nearest_to(sentence: str, backed: bool) -> None:
    assert bool(Support([PASSAGE], None).judge(sentence).backing) is backed
