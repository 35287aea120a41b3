"""What the agentic strategy says of a round, in the words of a language model, where a setting asks for that.

The agent has decided and written its sentence before; the model only words it, and chooses nothing. What leaves this
machine is that sentence: figures that the server has measured on its own rows, with a mark in place of every site's
name. A wording with other figures, other marks or another act of the agent is not shown. A thread of its own asks, so
that no round waits; where there is no wording, the agent's own sentence stands, and says why.
"""

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from queue import SimpleQueue

from fl.watcher import Level, Relay, SiteInfo, Watcher
from rag.llm.provider import Failure

MOST_FAILURES = 3  # in a row, after which a run asks no more
END_SECONDS = 5.0  # that the end of a run waits for the last wordings
_SAID = re.compile(r"(Round \d+: )(the agent .+)", re.DOTALL)
WORDED = "(Worded by {}.)"  # behind a sentence in other words
_MARK = re.compile(r"\[site \d+\]")
# What the agent may have done, as its own sentence says it, and parts of words of which a wording must have one.
_ACTS = {
    "sets aside": ("aside", "leav", "left out", "exclud", "remov", "drop", "omit"),
    "trusts": ("trust", "weigh", "count"),
    "shortens": ("short", "clip", "limit", "reduc", "cut"),
    "of the step": ("step",),
    "adds momentum": ("momentum",),
}
_REMOVES = ("set aside", "sets aside", "left out", "leaves out", "exclud", "discard")

Reword = Callable[[str], tuple[str, str]]  # a sentence with marks → it in other words, and who worded it


class Worded(Relay):
    """A Watcher that passes everything on to ``inner``, what the agent says in other words.

    Parameters
    ----------
    reword : raises Failure when it cannot.
    """

    def __init__(self, inner: Watcher, reword: Reword) -> None:
        super().__init__(inner)
        self._reword = reword
        self._names: tuple[str, ...] = ()
        self._known: dict[str, str] = {}
        self._waiting: list[str] = []
        self._failures, self._over = 0, False
        self._lock = threading.Lock()
        self._work = SimpleQueue[str | None]()
        self._thread = threading.Thread(target=self._serve, name="wording", daemon=True)
        self._thread.start()

    def sites(self, sites: Sequence[SiteInfo]) -> None:
        """Pass on, and learn which words are names."""
        self._names = tuple(sorted((site.name for site in sites), key=len, reverse=True))
        super().sites(sites)

    def event(self, text: str, level: Level = "info") -> None:
        """Pass on; what the agent says, once it is worded."""
        if not _SAID.fullmatch(text):
            super().event(text, level)
            return
        with self._lock:
            self._waiting.append(text)
        self._work.put(text)

    def finish(self, *, at_once: bool = False) -> None:
        """Pass on all that was said, as the agent said it where no wording comes in END_SECONDS, or at once."""
        self._work.put(None)
        self._thread.join(0.0 if at_once else END_SECONDS)
        with self._lock:
            self._over = True
            for text in self._waiting:
                super().event(_as_said(text, "the run ended before a language model had worded it."))
            self._waiting = []

    def _serve(self) -> None:
        while (text := self._work.get()) is not None and not self._over:
            said = self._words(text)
            with self._lock:
                if not self._over:
                    self._waiting.remove(text)
                    super().event(said)

    def _words(self, text: str) -> str:
        match = _SAID.fullmatch(text)
        assert match is not None
        begin, plain = match[1], match[2]
        marked, names = without_names(plain, self._names)
        if marked not in self._known:
            if self._failures >= MOST_FAILURES:
                return _as_said(text, f"no language model was asked any more after {MOST_FAILURES} failures.")
            try:
                worded, by = self._reword(marked)
                check(marked, worded)
            except Failure as error:
                self._failures += 1
                return _as_said(text, str(error))
            self._failures = 0
            self._known[marked] = f"{worded[:1].upper()}{worded[1:]} {WORDED.format(by)}"
        return begin + _MARK.sub(lambda mark: names.get(mark[0], mark[0]), self._known[marked])


def without_names(text: str, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return ``text`` with a mark in place of each of ``names``, of which longer ones come first, and mark → name."""
    marks: dict[str, str] = {}  # by name

    def mark(found: re.Match[str]) -> str:
        return marks.setdefault(found[0], f"[site {1 + len(marks)}]")

    pattern = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names)
    marked = re.sub(pattern, mark, text) if names else text
    return marked, {mark: name for name, mark in marks.items()}


def who_worded(events: Iterable[str]) -> list[str]:
    """Return the language models that worded some of the ``events`` of a run."""
    begin, end = WORDED.split("{}")
    said = [text.rpartition(begin)[2].removesuffix(end) for text in events if text.endswith(end) and begin in text]
    return list(dict.fromkeys(said))


def check(plain: str, worded: str) -> None:
    """Raise Failure when a wording names other sites than the agent's sentence, or says another act."""
    if sorted(set(_MARK.findall(plain))) != sorted(set(_MARK.findall(worded))):
        raise Failure("The wording of the language model named other sites.")
    said = worded.lower()
    lacks = any(act in plain and not any(part in said for part in parts) for act, parts in _ACTS.items())
    if lacks or ("sets aside" not in plain and any(part in said for part in _REMOVES)):
        raise Failure("The wording of the language model did not say what the agent did.")


def worded(inner: Watcher) -> Worded:
    """Return ``inner`` with the agent's sentences worded by Groq's model."""
    return Worded(inner, by_groq)


def by_groq(sentence: str) -> tuple[str, str]:
    """Let Groq's model word ``sentence``; raises Failure without a key, tokens left or a good answer."""
    from accounts.allowance import Allowance
    from rag.llm.choice import choose, has_groq_key

    if not has_groq_key():
        raise Failure("there is no key for Groq.")
    purse = Allowance("agent")
    if not purse.tokens_left():
        raise Failure("the tokens of today are used up.")
    provider = choose("groq")
    told = provider.reword(sentence)
    purse.spend(told.tokens)
    return told.texts[0], provider.name


def _as_said(text: str, reason: str) -> str:
    return f"{text} (In the agent's own words: {reason})"
