"""What could be asked next about a topic: one question for each section of its article."""

from rag.article import CARE, SECTIONS, Passage

_QUESTIONS = {  # the most wanted first; with a name as it stands within a sentence, or a title
    "Symptoms": "What are the symptoms of {name}?",
    "Causes and risk factors": "What causes {name}?",
    "Treatment": "How is {name} treated?",
    "Tests": "How is {name} diagnosed?",
    "When it is done": "{title}: when is it done?",
    "What results mean": "{title}: what do the results mean?",
    "Risks and limits": "{title}: what are the risks and limits?",
    "How it works": "{title}: how does it work?",
    "Uses": "What are the uses of {name}?",
    "Side effects": "What are the side effects of {name}?",
    "Cautions": "Who should be careful with {name}?",
    "How they work": "What is the effect of {name} on the body?",
    "What to do": "{title}: what should I do?",
    "What not to do": "{title}: what should I not do?",
    "Signs": "{title}: what are the signs?",
    CARE: "When should I see a doctor about {name}?",
    "Overview": "Tell me about {name}",
}


def follow_ups(passage: Passage, told: set[str]) -> tuple[str, ...]:
    """Return up to three questions about the topic of ``passage``, leaving out the sections ``told``."""
    wanted = [section for section in _QUESTIONS if section in SECTIONS.get(passage.kind, ()) and section != "Overview"]
    return tuple(follow_up(section, passage) for section in wanted if section not in told)[:3]


def follow_up(section: str, passage: Passage) -> str:
    """Return the question that asks for ``section`` of the article of ``passage``."""
    return _QUESTIONS[section].format(name=_name(passage), title=passage.title)


def _name(passage: Passage) -> str:
    """Return the topic as it stands within a sentence: "stroke", but "COPD"."""
    if "(" in passage.title:
        return passage.title.partition("(")[2].rstrip(")")
    if passage.title[:2].isupper():
        return passage.title
    return passage.title[0].lower() + passage.title[1:]
