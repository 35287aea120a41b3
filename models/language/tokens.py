"""From a question and its answer, or from a text, to the row of numbers that a network over a base reads.

A row holds tokens, plus one so that 0 is left for filling; those of a question with an answer are negative, for the
model is given them and learns only the answer. float32 holds whole numbers up to sixteen million, so vocabularies fit.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from data.table import FloatArray

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LENGTH = 128  # tokens of a row
READ = 48  # of a text that is only read
LONGEST_QUESTION = 48  # of them, at most, for the question itself
ROLE = "You answer questions about health."
_QUESTION = "〔question〕"


def as_tokens(tokenizer: "PreTrainedTokenizerBase", pairs: Sequence[tuple[str, str]]) -> FloatArray:
    """Return (n, LENGTH) rows of ``pairs``; what is too long is cut at its end.

    Text cannot speak for the model: what looks like a control token in it is taken as letters.
    """
    before, between = _frame(tokenizer)
    ends = tokenizer.eos_token_id
    rows = np.zeros((len(pairs), LENGTH), dtype=np.float32)
    if not pairs:
        return rows
    questions, answers = (_plain(tokenizer, [pair[side] for pair in pairs]) for side in (0, 1))
    for row, question, answer in zip(rows, questions, answers, strict=True):
        given = [*before, *question[:LONGEST_QUESTION], *between][: LENGTH - 1]
        said = [*answer, *([ends] if ends is not None else [])][: LENGTH - len(given)]
        row[: len(given)] = [-(token + 1) for token in given]
        row[len(given) : len(given) + len(said)] = [token + 1 for token in said]
    return rows


def as_read(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> FloatArray:
    """Return (n, READ) rows of ``texts``, with what the tokenizer sets around a text; what is too long is cut."""
    rows = np.zeros((len(texts), READ), dtype=np.float32)
    if texts:
        found = tokenizer(list(texts), truncation=True, max_length=READ, split_special_tokens=True)["input_ids"]
        for row, tokens in zip(rows, found, strict=True):
            row[: len(tokens)] = [token + 1 for token in tokens]
    return rows


def asked(tokenizer: "PreTrainedTokenizerBase", question: str) -> list[int]:
    """Return the tokens before the answer to ``question``, as in training."""
    before, between = _frame(tokenizer)
    return [*before, *_plain(tokenizer, [question])[0][:LONGEST_QUESTION], *between]


def opening(tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Return the tokens that every question is preceded by."""
    return list(_frame(tokenizer)[0])


def _plain(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    found: list[list[int]] = tokenizer(list(texts), add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return found


@lru_cache(maxsize=4)
def _frame(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return the tokens before the question, and those between question and answer."""
    if tokenizer.chat_template:
        talk = [{"role": "system", "content": ROLE}, {"role": "user", "content": _QUESTION}]
        if "system" not in tokenizer.chat_template:
            talk = talk[1:]
        text = str(tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True))
    else:
        text = f"Question: {_QUESTION}\nAnswer:"
    before, _, between = text.partition(_QUESTION)
    return tuple(tokenizer(part, add_special_tokens=False)["input_ids"] for part in (before, between))
