"""Answer a question: emergencies first, then sentences from the sources, or the plain word that there is none."""

import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rag import embedding
from rag.article import CARE, SECTIONS, Link, Passage
from rag.graph import Fact
from rag.graph.connect import SECTION, Connected, connect
from rag.graph.link import nodes_named
from rag.guardrails import RedFlag, red_flag, red_flag_at_once
from rag.guardrails.injection import is_attack
from rag.guardrails.scope import out_of_scope
from rag.index import Index, Progress, open_index
from rag.intent import plain
from rag.llm.provider import Statement, choose_provider, provider_notice
from rag.retrieve import Found, Hit, own_words, search, unknown_share

DISCLAIMER = "General information, not medical advice. In an emergency, call 112, 999 or 911."
LONGEST_QUESTION = 1000  # characters
_REFERRING = frozenset({"it", "its", "it's", "this", "that", "them", "they"})
_COURTESY = re.compile(
    r"((hi|hello|hey|good (morning|evening|day)|thanks?( you| a lot| so much)*|ok(ay)?|bye)( there)?[ !.,]*)+"
)
_GREETING = "Ask me about a condition, a test, a medicine or first aid."
_ORDERED = "I take no orders about how I work, and only answer questions on health from my sources."
_STRANGE = 0.34  # share of words that no article has
_GRAPH_ALONE = 0.5  # score of facts that answer without a passage
_SHORT = 10  # words; a longer question says itself what it is about
_FOLLOW_UPS = {  # the most wanted first; with a name as it stands within a sentence, or a title
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
_WITH_CARE = frozenset({"Symptoms", "Signs", "What to do", "Side effects"})  # told with the first line of CARE


@dataclass(frozen=True)
class Source:
    """What an ``[n]`` of an answer stands for: a public page, and the passage with the sentences that cite it."""

    number: int
    title: str
    url: str
    topic: str
    section: str
    passage: tuple[str, ...]  # all sentences of the section
    cited: tuple[int, ...]  # which of them the answer uses with this source
    score: float


@dataclass(frozen=True)
class Answer:
    """An answer as it is shown and kept. ``paragraphs`` hold sentences, each with the numbers of its sources."""

    text: str
    paragraphs: tuple[tuple[tuple[str, tuple[int, ...]], ...], ...] = ()
    sources: tuple[Source, ...] = ()
    provider: str = ""
    seconds: float = 0.0
    abstained: bool = False
    red_flag: RedFlag | None = None
    disclaimer: str = DISCLAIMER
    notice: str = ""
    topic: str = ""
    follow_ups: tuple[str, ...] = field(default=())
    facts: tuple[Fact, ...] = field(default=())  # of the knowledge graph, for the picture beside the answer

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Answer":
        """Rebuild an answer from ``to_json`` (tuples may have become lists)."""
        flag = stored.get("red_flag")
        sources = [
            Source(**{**entry, "passage": tuple(entry["passage"]), "cited": tuple(entry["cited"])})
            for entry in stored.get("sources", [])
        ]
        paragraphs = [
            tuple((text, tuple(numbers)) for text, numbers in lines) for lines in stored.get("paragraphs", [])
        ]
        return cls(
            **{
                **stored,
                "paragraphs": tuple(paragraphs),
                "sources": tuple(sources),
                "red_flag": RedFlag(**{**flag, "link": Link(**flag["link"])}) if flag else None,
                "follow_ups": tuple(stored.get("follow_ups", ())),
                "facts": tuple(Fact(**{**fact, "source": Link(**fact["source"])}) for fact in stored.get("facts", ())),
            }
        )


class QuestionError(ValueError):
    """The question cannot be taken; the message is one sentence. It never repeats the question."""


def answer(question: str, history: Sequence[tuple[str, str]] = (), *, progress: Progress | None = None) -> Answer:
    """Answer ``question``.

    Parameters
    ----------
    question
        In English, at most 1,000 characters. It is neither logged nor kept here.
    history
        Earlier questions and the texts of their answers, oldest first; used to know what "it" means.
    progress
        Told of articles being indexed, when that is needed first.

    Raises
    ------
    QuestionError
        When the question is empty or too long.
    """
    question = question.strip()
    if not question:
        raise QuestionError("The question is empty; write a question in a few words.")
    if len(question) > LONGEST_QUESTION:
        raise QuestionError(f"The question has {len(question):,} characters; at most {LONGEST_QUESTION:,} can be read.")
    begun = time.perf_counter()
    if flag := red_flag_at_once(question):
        return _alarm(flag, begun)
    if _COURTESY.fullmatch(plain(question)):
        return Answer(_GREETING, provider="Greeting", abstained=True)
    embedding.load()
    if flag := red_flag(question):  # what no pattern foresees; before anything is refused or searched for
        return _alarm(flag, begun)
    if is_attack(question):
        return Answer(_ORDERED, provider="Scope", seconds=time.perf_counter() - begun, abstained=True)
    if refusal := out_of_scope(question):
        return Answer(refusal.text, provider="Scope", seconds=time.perf_counter() - begun, abstained=True)
    index = open_index(progress)
    begun = time.perf_counter()  # opening the index is preparation and happens once a process
    found = _search(question, history, index)
    connected = connect(found.question, found.vector)
    facts = connected.as_passage()
    if connected.topic and not (found.enough and _about(connected.topic, found)):
        found = replace(found, hits=(Hit(facts, _GRAPH_ALONE, True),), enough=True)
    elif not connected.joined:
        facts = Connected().as_passage()  # a question about one thing is answered by its article
    if not found.enough:
        return _abstain(found, index, begun)
    provider = choose_provider()
    given = _compose(provider.word(found, index, facts), found, index, provider.name, begun)
    return replace(given, facts=connected.facts)


def _alarm(flag: RedFlag, begun: float) -> Answer:
    text = f"{flag.title}. {flag.advice}"
    return Answer(text, provider="Emergency rules", seconds=time.perf_counter() - begun, red_flag=flag)


def _about(topic: str, found: Found) -> bool:
    """Whether the best passage fits a question that names ``topic`` and nothing else; other questions may be wider."""
    best = found.hits[0].passage
    return nodes_named(found.question) != (topic,) or topic in nodes_named(f"{best.title}. {best.text}")


def _search(question: str, history: Sequence[tuple[str, str]], index: Index) -> Found:
    """Search; a question that only makes sense after the last one ("how is it treated") is asked about its topic."""
    found = search(question, index=index)
    alone = bool(own_words(question))
    if index.names_topic(question) or (alone and (found.enough or not _refers(question, index))):
        return found
    for earlier, _ in reversed(history):
        if topic := _topic_of(earlier, index):
            again = search(f"{question.rstrip('?')} ({topic})?", index=index)
            return again if again.enough else found
    return found


def _refers(question: str, index: Index) -> bool:
    """Whether a short question in known words says "it" or the like."""
    words = plain(question).replace("?", "").split()
    return len(words) <= _SHORT and not _REFERRING.isdisjoint(words) and unknown_share(question, index) < _STRANGE


def _topic_of(question: str, index: Index) -> str:
    found = search(question, 1, index=index)
    return found.hits[0].passage.title if found.enough else ""


def _compose(statements: Sequence[Statement], found: Found, index: Index, provider: str, begun: float) -> Answer:
    best = found.hits[0].passage
    from_graph = [statement for statement in statements if statement.passage.section == SECTION]
    groups = [group for group in ([s for s in statements if s not in from_graph], from_graph) if group]
    care = index.passages.get(f"{best.article}/{CARE}")
    if best.section in _WITH_CARE and care and not any(s.passage.section == CARE for s in statements):
        groups.append([Statement(care, care.sentences[0], found.hits[0].score)])
    numbers: dict[tuple[str, str], int] = {}  # one number for a page and the passage that cites it
    titles: dict[int, tuple[Link, Statement]] = {}
    cited: dict[int, set[int]] = {}
    paragraphs = []
    for group in groups:
        lines = []
        for statement in group:
            place = statement.passage.sentences.index(statement.sentence)
            marks = []
            for link in statement.sentence.links:
                number = numbers.setdefault((link.url, statement.passage.id), len(numbers) + 1)
                titles.setdefault(number, (link, statement))
                cited.setdefault(number, set()).add(place)
                marks.append(number)
            lines.append((statement.sentence.text, tuple(sorted(marks))))
        paragraphs.append(tuple(lines))
    sources = tuple(
        Source(
            number,
            link.title,
            link.url,
            statement.passage.title,
            statement.passage.section,
            tuple(sentence.text for sentence in statement.passage.sentences),
            tuple(sorted(cited[number])),
            round(statement.score, 3),
        )
        for number, (link, statement) in titles.items()
    )
    return Answer(
        "\n\n".join(
            " ".join(text + "".join(f" [{n}]" for n in marks) for text, marks in lines) for lines in paragraphs
        ),
        tuple(paragraphs),
        sources,
        provider,
        time.perf_counter() - begun,
        notice=provider_notice(),
        topic=best.title,
        follow_ups=_follow_ups(best, {statement.passage.section for statement in statements}),
    )


def _abstain(found: Found, index: Index, begun: float) -> Answer:
    count = len({passage.article for passage in index.passages.values()})
    near: dict[str, Hit] = {hit.passage.article: hit for hit in reversed(found.hits) if hit.score > 0.35}
    text = (
        f"None of my sources answers this. They cover {count} common conditions, tests, medicines "
        "and first-aid topics; a doctor or pharmacist can help with others."
    )
    suggestions = tuple(_follow_up("Overview", hit.passage) for hit in list(near.values())[:2])
    return Answer(
        text,
        provider="No answer",
        seconds=time.perf_counter() - begun,
        abstained=True,
        notice=provider_notice(),
        follow_ups=suggestions,
    )


def _follow_ups(passage: Passage, told: set[str]) -> tuple[str, ...]:
    wanted = [section for section in _FOLLOW_UPS if section in SECTIONS.get(passage.kind, ()) and section != "Overview"]
    return tuple(_follow_up(section, passage) for section in wanted if section not in told)[:3]


def _follow_up(section: str, passage: Passage) -> str:
    return _FOLLOW_UPS[section].format(name=_name(passage), title=passage.title)


def _name(passage: Passage) -> str:
    """Return the topic as it stands within a sentence: "stroke", but "COPD"."""
    if "(" in passage.title:
        return passage.title.partition("(")[2].rstrip(")")
    if passage.title[:2].isupper():
        return passage.title
    return passage.title[0].lower() + passage.title[1:]
