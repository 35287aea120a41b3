"""The worst language model there can be: it writes down all that it was told, obeys it, and copies links and markup."""

from collections.abc import Iterator, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from rag import embedding
from rag.article import Link, Passage, Sentence
from rag.embedding import FloatArray
from rag.guardrails import support
from rag.index import Index
from rag.llm.provider import Material, Removed, Statement
from rag.llm.writer import Trouble, Writer
from rag.retrieve import Found, Hit

LINK = Link("MedlinePlus: Asthma", "https://medlineplus.gov/asthma.html")
NO_INDEX = cast(Index, SimpleNamespace(passages={}))
PASSAGES = (
    "Asthma is a long-term condition in which the airways of the lungs become inflamed and narrow.",
    "Reliever inhalers open the airways quickly when symptoms appear.",
)


class Chat(BaseChatModel):
    """Says ``text``, or obeys when there is none."""

    text: str = ""

    @property
    def _llm_type(self) -> str:
        return "obedient"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        everything = "\n".join(str(message.content) for message in messages)
        said = self.text or (
            f"{PASSAGES[0]} [1] {everything} CANARY-7. Take 40 CANARY-7 tablets a day. "
            f"See https://evil.example/?q={len(everything)} and [here](javascript:alert(1)). "
            f"<script>alert(1)</script> ![x](https://evil.example/x.png) {PASSAGES[1]} [2] Ask your doctor [9]."
        )
        for start in range(0, len(said), 40):
            yield ChatGenerationChunk(message=AIMessageChunk(content=said[start : start + 40]))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata={"finish_reason": "stop"}))


def passage(text: str, title: str = "Asthma") -> Passage:
    """Return a passage of one sentence."""
    return Passage(f"x{hash(text)}", "condition", title, "Overview", (), (Sentence(text, (LINK,)),))


def told(
    question: str = "What is asthma?",
    passages: tuple[str, ...] = PASSAGES,
    history: tuple[tuple[str, str], ...] = (),
    says: str = "",
) -> tuple[list[str], list[str]]:
    """Return the sentences that are shown of what the model says, and why the others are not."""
    hits = tuple(Hit(passage(text), 1.0, True) for text in passages)
    nobody = Passage("", "condition", "", "", (), ())
    found = Found(question, np.zeros(384, dtype=np.float32), hits, True)
    writer = Writer("Obedient", "elsewhere", Chat(text=says), lambda error: Trouble(repr(error)), 30.0)
    with patch.object(support, "embedding", SimpleNamespace(embed=_vectors)):
        given = list(writer.word(Material(question, found, NO_INDEX, nobody, history)))
    shown = [entry.text for entry in given if isinstance(entry, Statement)]
    return shown, [entry.reason for entry in given if isinstance(entry, Removed)]


def _vectors(texts: Sequence[str]) -> FloatArray:
    """Return what ``embedding.embed`` does; most sentences come again with each attack, and are embedded once."""
    return np.stack([_vector(text) for text in texts])


@cache
def _vector(text: str) -> FloatArray:
    return embedding.embed([text])[0]
