"""Answer a question: emergencies first, then sentences from the sources, or the plain word that there is none."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rag import embedding
from rag.answered import DISCLAIMER as DISCLAIMER
from rag.answered import Answer as Answer
from rag.answered import HiveResult as HiveResult
from rag.article import CARE
from rag.citations import Citations, Line, as_text
from rag.follow_ups import follow_up, follow_ups
from rag.graph.connect import SECTION, Connected, connect
from rag.graph.link import nodes_named
from rag.guardrails import RedFlag, red_flag, red_flag_at_once
from rag.guardrails.injection import is_attack
from rag.guardrails.scope import out_of_scope
from rag.index import Index, Progress, open_index
from rag.intent import plain
from rag.language import Language, in_english, language_of
from rag.llm.choice import choose
from rag.llm.extractive import Extractive
from rag.llm.outgoing import outgoing
from rag.llm.provider import Again, Failure, Material, NoAnswer, Provider, Removed, Shortened, Spent, Statement
from rag.llm.translation import paragraphs_in, question_in_english
from rag.retrieve import Found, Hit, own_words, search, unknown_share

LONGEST_QUESTION = 1000  # characters
_REFERRING = frozenset({"it", "its", "it's", "this", "that", "them", "they"})
_COURTESY = re.compile(
    r"((hi|hello|hey|good (morning|evening|day)|thanks?( you| a lot| so much)*|ok(ay)?|bye)( there)?[ !.,]*)+"
)
_GREETING = "Ask me about a condition, a test, a medicine or first aid."
_ORDERED = "I take no orders about how I work, and only answer questions on health from my sources."
_WORD_FOR_WORD = "This answer is word for word from the sources instead."
_STRANGE = 0.34  # share of words that no article has
_GRAPH_ALONE = 0.5  # score of facts that answer without a passage
_SHORT = 10  # words; a longer question says itself what it is about
_WITH_CARE = frozenset({"Symptoms", "Signs", "What to do", "Side effects"})  # told with the first line of CARE


class QuestionError(ValueError):
    """The question cannot be taken; the message is one sentence. It never repeats the question."""


class TooManyQuestions(QuestionError):
    """Somebody has to wait; ``seconds`` says how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"That were many questions at once; ask again in {max(1, round(seconds))} seconds.")
        self.seconds = seconds


class Allowance(Protocol):
    """What one person may ask, and what all may spend at a provider whose key they share."""

    def wait(self) -> float:
        """Return the seconds until the next question; 0 counts one that is asked now."""
        ...

    def tokens_left(self) -> int:
        """Return the tokens that are left for today."""
        ...

    def spend(self, tokens: int) -> None:
        """Count tokens that were used."""
        ...


def answer(
    question: str,
    history: Sequence[tuple[str, str]] = (),
    *,
    progress: Progress | None = None,
    provider: str = "",
    allowance: Allowance | None = None,
    nobody_in_danger: bool = False,
) -> Answer:
    """Answer ``question``; see ``answers``, of which it returns the last."""
    told = answers(
        question,
        history,
        progress=progress,
        provider=provider,
        allowance=allowance,
        nobody_in_danger=nobody_in_danger,
    )
    return deque(told, maxlen=1)[0]


def answers(
    question: str,
    history: Sequence[tuple[str, str]] = (),
    *,
    progress: Progress | None = None,
    provider: str = "",
    allowance: Allowance | None = None,
    stopped: Callable[[], bool] = bool,
    nobody_in_danger: bool = False,
) -> Iterator[Answer]:
    """Answer ``question``, and yield the answer as it grows; the last one yielded is whole.

    Parameters
    ----------
    question
        At most 1,000 characters. It is neither logged nor kept here.
    history
        Earlier questions and the texts of their answers, oldest first; used to know what "it" means.
    progress
        Told of articles being indexed, when that is needed first.
    provider
        "groq", "local" or "extractive"; empty for the one that this installation prefers.
    allowance
        What this person may ask and spend; emergencies are answered whatever it says.
    stopped
        Says whether nobody waits any more; a language model is then left alone.
    nobody_in_danger
        The person has read the emergency text and says that it does not fit. Thoughts of suicide get it all the same.

    Raises
    ------
    QuestionError
        When the question is empty or too long, or this person asks too often.
    rag.llm.choice.ChoiceError
        When this installation has no such provider.
    """
    question = question.strip()
    if not question:
        raise QuestionError("The question is empty; write a question in a few words.")
    if len(question) > LONGEST_QUESTION:
        raise QuestionError(f"The question has {len(question):,} characters; at most {LONGEST_QUESTION:,} can be read.")
    begun = time.perf_counter()
    language = language_of(question)
    if given := _without_search(question, begun, allowance, nobody_in_danger):
        yield _led(given, language.emergency) if language and given.red_flag else given
        return
    chosen = choose(provider)
    index = open_index(progress)
    begun = time.perf_counter()  # opening the index is preparation and happens once a process
    ways = _Ways(chosen, index, allowance, stopped, begun, nobody_in_danger)
    if language is None:
        yield from _from_sources(question, history, ways)
    else:
        yield from _in_language(language, question, history, ways)


@dataclass(frozen=True)
class _Ways:
    """What an answer is made with, whatever the question."""

    provider: Provider
    index: Index
    allowance: Allowance | None
    stopped: Callable[[], bool]
    begun: float
    nobody_in_danger: bool

    def spend(self, tokens: int) -> None:
        """Count tokens of a provider whose key is shared."""
        if self.provider.place and self.allowance:
            self.allowance.spend(tokens)

    def translates(self) -> bool:
        """Whether the provider can put texts into other languages, and has tokens left."""
        shared = self.provider.place and self.allowance
        return self.provider.translates and not (shared and self.allowance and self.allowance.tokens_left() <= 0)


def _in_language(
    language: Language, question: str, history: Sequence[tuple[str, str]], ways: _Ways
) -> Iterator[Answer]:
    """Answer from English sources and, where the provider can, put the checked sentences into ``language``."""
    translator = ways.provider if ways.translates() else None
    english, spent = question_in_english(question, language, translator)
    ways.spend(spent)
    sent = outgoing(question, history).question.text if spent and ways.provider.place else ""
    refused = _red_or_refused(english, ways.begun, ways.nobody_in_danger) if spent else None
    if refused:  # English is clearer than the words of the person
        refused = _led(refused, language.emergency) if refused.red_flag else refused
        yield replace(refused, tokens=spent, sent=sent)
        return
    asked_before = [(in_english(asked, language) or asked, said) for asked, said in history]
    given = Answer("")
    for given in _from_sources(english, asked_before, ways):
        yield given
    given = replace(given, tokens=given.tokens + spent, sent=sent or given.sent)
    if given.abstained:
        yield _led(given, language.none)
        return
    lead = language.english if english == question else f"{language.english} ({english})"
    if translator is None or given.provider != translator.name or ways.stopped():
        yield _led(given, lead)
        return
    try:
        told, tokens = paragraphs_in(language, given.paragraphs, translator)
    except Failure as failure:
        yield replace(_led(given, lead), notice=f"{failure} The answer is in English.")
        return
    ways.spend(tokens)
    yield replace(
        given,
        lead="",
        text=as_text(told),
        paragraphs=told,
        original=given.paragraphs,
        language=language.name,
        verbatim=False,
        tokens=given.tokens + tokens,
        seconds=time.perf_counter() - ways.begun,
    )


def _led(given: Answer, lead: str) -> Answer:
    whole = f"{lead} {given.lead}".rstrip()
    return replace(given, lead=whole, text=f"{whole}\n\n{given.text.removeprefix(given.lead).lstrip()}")


def _from_sources(question: str, history: Sequence[tuple[str, str]], ways: _Ways) -> Iterator[Answer]:
    """Search, and yield the answer as it grows; or say that no source answers."""
    index, begun = ways.index, ways.begun
    spelt = index.spelling.read(question)
    if spelt.changes:
        read = ", ".join(f"“{typed}” as “{word}”" for typed, word in spelt.changes)
        for given in _from_sources(spelt.text, history, ways):
            yield _led(given, f"I read {read}.")
        return
    found = _search(question, history, index)
    connected = connect(found.question, found.vector)
    facts = connected.as_passage()
    if connected.topic and not (found.enough and _about(connected.topic, found)):
        found = replace(found, hits=(Hit(facts, _GRAPH_ALONE, True),), enough=True)
    elif not connected.joined:
        facts = Connected().as_passage()  # a question about one thing is answered by its article
    if not found.enough:
        yield _abstain(found, index, begun)
        return
    material = Material(question, found, index, facts, tuple(history), ways.stopped)
    for given in _told(ways.provider, material, ways.allowance, begun):
        yield replace(given, facts=connected.facts)


def may_be_answered(flag: RedFlag) -> bool:
    """Whether a question that raised ``flag`` is answered when the person says that nobody is in danger."""
    return flag.kind != "suicide"


def _alarm_for(question: str, judge: Callable[[str], RedFlag | None], begun: float, calm: bool) -> Answer | None:
    flag = judge(question)
    return None if flag is None or (calm and may_be_answered(flag)) else _alarm(flag, begun)


def _without_search(question: str, begun: float, allowance: Allowance | None, calm: bool) -> Answer | None:
    """Return what is said before anything is searched for: an emergency, a greeting, a refusal."""
    if given := _alarm_for(question, red_flag_at_once, begun, calm):
        return given
    if not _COURTESY.fullmatch(plain(question)):
        embedding.load()
        if given := _alarm_for(question, red_flag, begun, calm):  # what no pattern foresees; before any refusal
            return given
    if allowance and (seconds := allowance.wait()):
        raise TooManyQuestions(seconds)
    if _COURTESY.fullmatch(plain(question)):
        return Answer(_GREETING, provider="Greeting", abstained=True)
    return _refused(question, begun)


def _red_or_refused(question: str, begun: float, calm: bool) -> Answer | None:
    """Return what is said to a translated question before anything is searched for."""
    return _alarm_for(question, red_flag, begun, calm) or _refused(question, begun)


def _refused(question: str, begun: float) -> Answer | None:
    if is_attack(question):
        return Answer(_ORDERED, provider="Scope", seconds=time.perf_counter() - begun, abstained=True)
    if refusal := out_of_scope(question):
        return Answer(refusal.text, provider="Scope", seconds=time.perf_counter() - begun, abstained=True)
    return None


def _told(provider: Provider, material: Material, allowance: Allowance | None, begun: float) -> Iterator[Answer]:
    """Yield the answer as ``provider`` words it; word for word from the sources when it cannot."""
    shared = bool(provider.place)
    if shared and allowance and allowance.tokens_left() <= 0:
        notice = f"Today's tokens for {provider.name} are used up; there are new ones at 00:00 UTC."
        provider, notice = Extractive(), f"{notice} {_WORD_FOR_WORD}"
    else:
        notice = ""
    said = _Said(begun)
    tokens = 0
    try:
        for told in provider.word(material):
            match told:
                case Statement():
                    said.add(told)
                case Removed():
                    said.removed += 1
                case Again(reason):
                    said = _Said(begun)
                    notice = f"{reason} Trying once more."
                case Shortened(reason):
                    notice = reason
                case Spent(used):
                    tokens += used
                    if shared and allowance:
                        allowance.spend(used)
                case NoAnswer():
                    given = _abstain(material.found, material.index, begun)
                    yield replace(given, provider=provider.name, tokens=tokens)
                    return
            if isinstance(told, Statement | Again):
                yield replace(said.answer(), provider=provider.name, notice=notice)
    except Failure as failure:
        provider, said = Extractive(), _Said(begun)
        notice = f"{failure} {_WORD_FOR_WORD}"
        for told in provider.word(material):
            if isinstance(told, Statement):
                said.add(told)
    else:
        notice = "" if notice.endswith("Trying once more.") else notice
    best = material.found.hits[0]
    said.add_care(best, material.index)
    sent = outgoing(material.question, material.history).question.text if shared else ""
    yield replace(
        said.answer(),
        provider=provider.name,
        verbatim=provider.verbatim,
        notice=notice,
        tokens=tokens,
        sent=sent,
        topic=best.passage.title,
        follow_ups=follow_ups(best.passage, said.sections),
    )


class _Said:
    """What has been said of an answer so far."""

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self.removed = 0
        self.sections: set[str] = set()
        self.lines: list[Line] = []
        self._from_graph: list[Line] = []
        self._care: list[Line] = []
        self._cited = Citations()

    def add(self, statement: Statement) -> None:
        """Add a statement at the end; what the graph says stands in a paragraph of its own."""
        section = statement.passage.section
        self.sections.add(section)
        (self._from_graph if section == SECTION else self.lines).append(self._cited.line(statement))

    def add_care(self, best: Hit, index: Index) -> None:
        """Add when to seek care, where the question is about symptoms or the like and nothing was said of it."""
        care = index.passages.get(f"{best.passage.article}/{CARE}")
        if best.passage.section in _WITH_CARE and care and CARE not in self.sections:
            self._care.append(self._cited.line(Statement.verbatim(care, care.sentences[0], best.score)))

    def answer(self) -> Answer:
        """Return it as an answer."""
        paragraphs = tuple(tuple(lines) for lines in (self.lines, self._from_graph, self._care) if lines)
        seconds = time.perf_counter() - self.begun
        return Answer(as_text(paragraphs), paragraphs, self._cited.sources(), seconds=seconds, removed=self.removed)


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


def _abstain(found: Found, index: Index, begun: float) -> Answer:
    count = len({passage.article for passage in index.passages.values()})
    near: dict[str, Hit] = {hit.passage.article: hit for hit in reversed(found.hits) if hit.score > 0.35}
    text = (
        f"None of my sources answers this. They cover {count} common conditions, tests, medicines "
        "and first-aid topics; a doctor or pharmacist can help with others."
    )
    suggestions = tuple(follow_up("Overview", hit.passage) for hit in list(near.values())[:2])
    return Answer(
        text,
        provider="No answer",
        seconds=time.perf_counter() - begun,
        abstained=True,
        follow_ups=suggestions,
    )
