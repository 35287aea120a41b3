"""A language model as a provider: every sentence that it writes is checked before anybody sees it.

A stream that fails, ends without a finish reason, is cut at the length limit or is empty counts as an attempt; there
are two. What then cannot be answered is a Failure, and the answer comes from the sources word for word. A model on this
machine would write the same again, and slowly, so there the whole sentences of an answer that was cut are kept, and
writing ends at the first sentence that comes again: what follows is the same once more.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from rag.guardrails.injection import screened, sentences
from rag.guardrails.privacy import Preview, without_personal_data
from rag.guardrails.support import Support
from rag.llm.outgoing import outgoing
from rag.llm.prompt import NO_ANSWER, REWORD, RULES, TRANSLATE, messages, rewording, translation
from rag.llm.provider import Again, Failure, Material, NoAnswer, Removed, Shortened, Spent, Statement, Told, Translated

ATTEMPTS = 2
LONGEST_WAIT = 5.0  # seconds that a busy provider may ask us to wait before the second attempt
MOST_SENTENCES = 8
_MARK = re.compile(r"\[(\d+)\]")
_THOUGHT = re.compile(r"<think>.*?(</think>|$)", re.DOTALL)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])(?:\s+|$)|\*\*|__|^#+ ", re.MULTILINE)
_LINE = re.compile(r"^\s*(\d+)\.\s+(\S.*?)\s*$", re.MULTILINE)
_NUMBER = re.compile(r"\d+")
_LONGEST_REWORDED = 500  # signs
_SIGNS_A_TOKEN = 4  # English; only for an estimate where no count comes


@dataclass(frozen=True)
class Trouble:
    """What went wrong in an attempt: a sentence, whether another one can help, and after how many seconds.

    ``cut`` says that the model wrote as it should, but longer than it may.
    """

    sentence: str
    again: bool = True
    wait: float = 0.0
    cut: bool = False


@dataclass(frozen=True)
class Writer:
    """A chat model that words answers.

    Parameters
    ----------
    chat
        The model; it must stream and give a finish reason.
    explain
        Turns an exception of the model into words.
    patience
        Seconds that all attempts may take together, once the model is ready.
    passages
        How many of the passages found the model reads.
    translates
        Whether it knows other languages well enough.
    steady
        Whether it writes the same at every attempt.
    ready
        Makes the model ready, which may take long the first time; raises what ``explain`` turns into words.
    """

    name: str
    place: str
    chat: BaseChatModel
    explain: Callable[[Exception], Trouble]
    patience: float
    passages: int = 5
    verbatim: bool = False
    translates: bool = False
    steady: bool = False
    ready: Callable[[], object] = bool

    def word(self, material: Material) -> Iterator[Told]:
        """Yield checked statements as their sentences come; raises Failure when no attempt ends well."""
        hits = [hit.passage for hit in material.found.hits[: self.passages]]
        passages = hits if not material.facts.sentences or material.facts in hits else [*hits, material.facts]
        sent = outgoing(material.question, material.history, private=bool(self.place))
        talk = messages(sent, passages)
        support = Support(passages, material.index)
        try:
            self.ready()
        except Exception as error:  # as in a stream
            raise Failure(self.explain(error).sentence) from None
        deadline = time.monotonic() + self.patience
        trouble = Trouble("")
        for attempt in range(ATTEMPTS):
            if attempt:
                if not trouble.again or self.steady or time.monotonic() + trouble.wait >= deadline:
                    break
                yield Again(trouble.sentence)
                time.sleep(trouble.wait)
            stream = _Stream(self, talk, deadline, material.stopped)
            said: list[Told] = []
            written: set[str] = set()
            for sentence in stream.sentences():
                if not said and sentence.strip().upper().startswith(NO_ANSWER):
                    said = [NoAnswer()]
                    break
                enough = sum(isinstance(entry, Statement) for entry in said) >= MOST_SENTENCES
                if self.steady and (enough or _words(sentence) in written):
                    break
                if enough:
                    continue
                written |= {_words(sentence)} - {""}
                told = self._checked(sentence, len(passages), support, sent.restore)
                if told and not (isinstance(told, Statement) and told in said):  # small models say a thing again
                    said.append(told)
                    yield told
            yield Spent(stream.tokens())
            if said == [NoAnswer()]:
                yield said[0]
                return
            if material.stopped():
                return
            trouble = stream.trouble or _of_content(said, self.name)
            if not trouble.sentence:
                return
            if trouble.cut and self.steady and any(isinstance(entry, Statement) for entry in said):
                yield Shortened(f"{trouble.sentence} What it wrote before, as far as sources back it, is shown.")
                return
        raise Failure(trouble.sentence)

    def translate(self, texts: Sequence[str], language: str) -> Translated:
        """Return ``texts`` in ``language``; raises Failure when lines or numbers do not match what was given."""
        sent = [without_personal_data(text) if self.place else Preview(text, ()) for text in texts]
        stream = _Stream(self, translation([each.text for each in sent], language), time.monotonic() + self.patience)
        said = dict(_LINE.findall(stream.whole()))
        if stream.trouble:
            raise Failure(stream.trouble.sentence)
        texts_said = []
        for number, given in enumerate(sent, 1):
            line = screened(said.get(str(number), ""), TRANSLATE).text
            if not line or _numbers(line) != _numbers(given.text):
                raise Failure(f"{self.name} did not translate it faithfully.")
            texts_said.append(given.restore(line))
        return Translated(tuple(texts_said), stream.tokens())

    def reword(self, sentence: str) -> Translated:
        """Return ``sentence`` in plainer words; raises Failure when its numbers or marks are not those given."""
        given = without_personal_data(sentence) if self.place else Preview(sentence, ())
        stream = _Stream(self, rewording(given.text), time.monotonic() + self.patience)
        said = " ".join(stream.whole().split())
        if stream.trouble:
            raise Failure(stream.trouble.sentence)
        line = screened(said, REWORD).text
        if not line or _numbers(line) != _numbers(given.text) or len(line) > _LONGEST_REWORDED:
            raise Failure(f"{self.name} did not word it faithfully.")
        return Translated((given.restore(line),), stream.tokens())

    def _checked(
        self, sentence: str, count: int, support: Support, restore: Callable[[str], str]
    ) -> Statement | Removed | None:
        marks = [int(mark) for mark in _MARK.findall(sentence)]
        cited = [number - 1 for number in dict.fromkeys(marks) if 1 <= number <= count]
        clean = screened(_BULLET.sub("", _MARK.sub("", sentence)).strip(), RULES)
        if clean.removed:
            return Removed(clean.removed)
        text = re.sub(r"\s+([.,;!?])", r"\1", " ".join(clean.text.split()))
        if not re.search(r"[^\W\d_]", text):
            return None
        judged = support.judge(text, cited)
        return Statement(restore(text), judged.backing) if judged.backing else Removed(judged.reason)


def _of_content(said: Sequence[Told], name: str) -> Trouble:
    """Return what is wrong with an attempt that ended as it should; an empty sentence when nothing is."""
    if any(isinstance(entry, Statement) for entry in said):
        return Trouble("")
    if said:
        return Trouble(f"The sources do not back what {name} wrote.", again=False)
    return Trouble(f"{name} gave an empty answer.")


class _Stream:
    """One attempt: sentences as they come, then what went wrong and what it cost."""

    def __init__(
        self, writer: Writer, talk: Sequence[BaseMessage], deadline: float, stopped: Callable[[], bool] = bool
    ) -> None:
        self._writer = writer
        self._talk = talk
        self._deadline = deadline
        self._stopped = stopped
        self._written = 0
        self._counted = 0
        self.trouble: Trouble | None = None

    def sentences(self) -> Iterator[str]:
        """Yield whole sentences with the numbers behind them."""
        done = 0
        text = ""
        for text in self._growing():
            whole = whole_sentences(text)
            yield from whole[done:]
            done = max(done, len(whole))
        if self.trouble is None and not self._stopped():
            yield from (s for s in sentences(text)[done:] if s.strip())

    def whole(self) -> str:
        """Return all that is written, once it is."""
        return "".join(deque(self._growing(), maxlen=1))

    def _growing(self) -> Iterator[str]:
        """Yield what is written so far, without the thoughts of the model; then note what went wrong."""
        text, finish = "", ""
        try:
            for piece, reason in self._pieces():
                text += piece
                finish = reason or finish
                yield _THOUGHT.sub("", text)
        except Exception as error:  # every library beneath has its own
            self.trouble = self._writer.explain(error)
            return
        finally:
            self._written = len(text)
        name = self._writer.name
        if self._stopped():
            return
        if time.monotonic() >= self._deadline and not finish:
            late = f"{name} took longer than {self._writer.patience:.0f} seconds."
            self.trouble = Trouble(late, again=False, cut=True)
        elif not finish and text:
            self.trouble = Trouble(f"The answer of {name} broke off.")
        elif finish == "length":
            self.trouble = Trouble(f"The answer of {name} was cut at the length limit.", cut=True)

    def tokens(self) -> int:
        """Return the tokens used, in and out; an estimate where the model did not count."""
        asked = sum(len(str(message.content)) for message in self._talk)
        return self._counted or (asked + self._written) // _SIGNS_A_TOKEN

    def _pieces(self) -> Iterator[tuple[str, str]]:
        """Yield (text, finish reason) until the stream ends, the time is over or nobody waits."""
        for chunk in self._writer.chat.stream(list(self._talk)):
            if usage := getattr(chunk, "usage_metadata", None):
                self._counted += int(usage["total_tokens"])
            content = chunk.content if isinstance(chunk.content, str) else ""
            yield content, str(chunk.response_metadata.get("finish_reason") or "")
            if time.monotonic() >= self._deadline or self._stopped():
                return


def _words(sentence: str) -> str:
    """Return the bare words of a sentence, without the numbers of its sources."""
    return " ".join(re.findall(r"\w+", _MARK.sub("", sentence).lower()))


def _numbers(text: str) -> list[str]:
    return sorted(_NUMBER.findall(text))


def whole_sentences(text: str) -> list[str]:
    """Return the sentences of ``text`` that are complete: something other than a citation follows them."""
    whole, end = [], 0
    for sentence in sentences(text):
        end = text.index(sentence, end) + len(sentence)
        if not re.match(r"\s*[^\s\[]", text[end:]):
            break
        whole.append(sentence)
    return whole
