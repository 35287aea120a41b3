"""An encoder of a few thousand random numbers whose tokens are bytes, and questions of known types for it to learn."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

from data.table import Dataset
from models.tasks.question_type import records
from models.tasks.question_type.task import TASK
from tests import tiny_language
from tests.tiny_language import SITES

TYPES = 4  # of the thirteen, that the questions are of: that the others are rare is soon learnt


def save(folder: Path, kind: str = "distilbert") -> Path:
    """Write an encoder and its tokenizer into ``folder``."""
    tokenizer = tiny_language.tokenizer()
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    words = len(tokenizer)
    if kind == "bert":
        sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
        BertModel(BertConfig(vocab_size=words, max_position_embeddings=64, **sizes)).save_pretrained(folder)
    else:
        config = DistilBertConfig(
            vocab_size=words, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=64, pad_token_id=2
        )
        DistilBertModel(config).save_pretrained(folder)
    return folder


def questions(rows: int = 20) -> Dataset:
    """Return made-up questions that three hospitals have; what one holds out, others train on, so that all fall."""
    made = TASK.generate(10 * rows, seed=1)
    made = made.take(np.flatnonzero(made.y < TYPES)[:rows])
    hospitals = [name for name in SITES for _ in range(rows)]
    parts = np.concatenate([(np.arange(rows) + place) % 5 - 2 for place in range(len(SITES))]).clip(min=0)
    x, y = np.tile(made.x, (len(SITES), 1)), np.tile(made.y, len(SITES))
    return Dataset(x, y, "made up for tests", True, tuple(hospitals), parts=parts.astype(np.int64))


@contextmanager
def installed(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Dataset]:
    """Let the encoder be the one in ``folder``, and the data few questions, which are yielded."""
    patch.setenv("MEDHIVE_ENCODER_MODEL", str(folder))
    made = questions()
    patch.setattr(records, "dataset", lambda: made)
    tiny_language.forget()
    yield made
    tiny_language.forget()
