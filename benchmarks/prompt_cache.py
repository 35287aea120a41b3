"""How much sooner a warm answer begins when what every prompt begins with was computed before.

Each question is answered twice, with and without, in turns, by the base of language tasks with fresh adapters: as the
companion asks, with rules and passages, and plainly, as Model Hive does side by side. The texts must be the same. The
ratio is of processor time, which other programs on the machine change least.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
from langchain_core.messages import BaseMessage

from benchmarks.rag import CASES
from models.language import writing
from models.language.base import base
from models.language.tokens import asked, opening
from models.registry import get_task
from rag.index import open_index
from rag.llm import local
from rag.llm import opening as openings
from rag.llm.outgoing import outgoing
from rag.llm.prompt import messages
from rag.retrieve import search

TASK = "medical_qa"
TOKENS = 24  # written of each answer
_WAYS = {"companion": "rules, passages and question", "plain": "question alone"}
_RESAMPLES = 2000

Seconds = tuple[float, float]  # by the clock, and of the processor
Answers = Callable[[str], Iterator[str]]


def measure(count: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Return for each way of asking the seconds to the first word with and without, over ``count`` questions."""
    lines = (CASES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [case["question"] for case in map(json.loads, lines) if case["half"] == "report"]
    model, tokenizer = get_task(TASK).network().eval().model, base().tokenizer
    index = open_index()
    chat = local.LocalChat(read=lambda: (tokenizer, model), max_tokens=TOKENS)

    def talk(question: str) -> list[BaseMessage]:
        hits = search(question, index=index).hits[: local.PASSAGES]
        return messages(outgoing(question, (), private=False), [hit.passage for hit in hits])

    def companion(question: str) -> Iterator[str]:
        return (str(piece.content) for piece in chat.stream(talks[question]) if piece.content)

    def plain(question: str) -> Iterator[str]:
        return writing.pieces(model, tokenizer, question, TOKENS)  # type: ignore[arg-type]  # nn.Module types members so

    questions = [question for question in cases if search(question, index=index).enough][: count + 1]
    talks = {question: talk(question) for question in questions}
    prompts = {question: tokenizer(local.as_prompt(tokenizer, talks[question]))["input_ids"] for question in questions}
    tokens = {
        "companion": [(local.fixed(tokenizer, talks[each], prompts[each]), len(prompts[each])) for each in questions],
        "plain": [(len(opening(tokenizer)), len(asked(tokenizer, each))) for each in questions],
    }
    found: dict[str, Any] = {"base": base().name, "tokens": TOKENS}
    for way, answers in (("companion", companion), ("plain", plain)):
        say(_WAYS[way])
        found[way] = _compared(answers, questions) | {
            "opening": tokens[way][0][0],
            "prompt": float(np.median([each for _, each in tokens[way]])),
        }
    return found


def _compared(answers: Answers, questions: Sequence[str]) -> dict[str, Any]:
    with_it, without, same = list[Seconds](), list[Seconds](), 0
    for number, question in enumerate(questions):  # the first one warms up
        order = (True, False) if number % 2 else (False, True)
        took = {kept: _first(answers, question, kept) for kept in order}
        same += took[True][1] == took[False][1]
        if number:
            with_it.append(took[True][0])
            without.append(took[False][0])
    one, other = np.array(with_it), np.array(without)  # (n, 2) wall and processor
    ratios = one[:, 1] / other[:, 1]
    drawn = np.random.default_rng(0).integers(0, len(ratios), (_RESAMPLES, len(ratios)))
    low, high = np.quantile(np.median(ratios[drawn], axis=1), (0.025, 0.975))
    return {
        "n": len(ratios),
        "with_s": float(np.median(one[:, 0])),
        "without_s": float(np.median(other[:, 0])),
        "with_cpu_s": float(np.median(one[:, 1])),
        "without_cpu_s": float(np.median(other[:, 1])),
        "ratio": {"value": float(np.median(ratios)), "low": float(low), "high": float(high)},
        "same_texts": same,
        "of": len(questions),
        "values": np.hstack([one, other]).round(4).tolist(),
    }


def _first(answers: Answers, question: str, kept: bool) -> tuple[Seconds, str]:
    """Return the seconds to the first piece of an answer, and all of it."""
    if not kept:
        with (
            patch.object(openings, "computed", lambda *_: None),
            patch.object(writing, "computed", lambda *_: None),
        ):
            return _timed(answers(question))
    return _timed(answers(question))


def _timed(pieces: Iterator[str]) -> tuple[Seconds, str]:
    began, first, text = (time.perf_counter(), time.process_time()), None, ""
    for piece in pieces:
        first = first or (time.perf_counter() - began[0], time.process_time() - began[1])
        text += piece
    return first or (time.perf_counter() - began[0], time.process_time() - began[1]), text


def table(found: dict[str, Any]) -> str:
    """Return the figures as lines."""
    lines = []
    for way, said in _WAYS.items():
        each = found[way]
        ratio = each["ratio"]
        lines.append(
            f"{said}: {each['opening']} of {each['prompt']:.0f} tokens kept; first word {each['without_cpu_s']:.3f} s "
            f"of the processor without, {each['with_cpu_s']:.3f} s with, {ratio['value']:.2f} × "
            f"({ratio['low']:.2f} to {ratio['high']:.2f}), n = {each['n']}; "
            f"{each['same_texts']} of {each['of']} texts the same"
        )
    return "\n".join(lines)
