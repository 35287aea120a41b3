"""A language model of a few thousand random numbers whose tokens are bytes, and questions for it to learn."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
)

from data.table import Dataset
from fl import sites
from fl.local import _OWN, example
from models.calibration import Calibration
from models.language import base as bases
from models.language import encoder as encoders
from models.manifest import describe
from models.metrics import Interval
from models.preparation import Preparation
from models.tasks.medical_qa import records
from models.tasks.medical_qa.task import TASK
from models.versions import VersionView, promote, save_version
from models.weights import flat_weights
from settings import get_settings

SITES = ("North", "South", "East")
CHAT = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer whose tokens are bytes, after three special ones."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<|end|>", "<|start|>", "<|fill|>"]
    vocabulary = {letter: number for number, letter in enumerate([*special, *letters])}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=special[0], pad_token=special[2], additional_special_tokens=[special[1]]
    )


def save(folder: Path, kind: str = "llama", *, chat: bool = True) -> Path:
    """Write a model and its tokenizer into ``folder``."""
    made = tokenizer()
    made.chat_template = CHAT if chat else None
    made.save_pretrained(folder)
    sizes = {
        "vocab_size": len(made),
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 4096,
        "eos_token_id": 0,
        "pad_token_id": 2,
        "bos_token_id": None,
    }
    torch.manual_seed(0)
    if kind == "mistral":
        MistralForCausalLM(MistralConfig(**sizes)).save_pretrained(folder)
    elif kind == "gpt2":
        GPT2LMHeadModel(GPT2Config(**sizes)).save_pretrained(folder)
    else:
        LlamaForCausalLM(LlamaConfig(**sizes, tie_word_embeddings=True)).save_pretrained(folder)
    return folder


def questions(rows: int = 60) -> Dataset:
    """Return made-up questions of three hospitals, with their split."""
    made = TASK.generate(rows, seed=1)
    hospitals = [name for name in SITES for _ in range(rows // 3)]
    parts = np.tile([0, 0, 0, 1, 2], rows // 5)
    return Dataset(made.x, made.y, "made up for tests", True, tuple(hospitals), parts=parts.astype(np.int64))


def forget() -> None:
    """Forget settings, base, rows and networks of the test before."""
    for cached in (get_settings, bases._read, encoders._read):
        cached.cache_clear()
    for kept in (sites.public_split, sites.public_features, sites._public_parts, sites._kept_back, example):
        kept.cache_clear()
    _OWN.__dict__.clear()


@contextmanager
def installed(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Dataset]:
    """Let the base be the one in ``folder``, and the data few questions, which are yielded."""
    patch.setenv("MEDHIVE_LANGUAGE_MODEL", str(folder))
    made = questions()
    patch.setattr(records, "dataset", lambda: made)
    forget()
    yield made
    forget()


def make_champion(
    *, alone: bool = False, request: dict[str, Any] | None = None, run_id: int | None = None
) -> VersionView:
    """Promote adapters over the present base that nobody trained; with ``alone``, North has a model of its own."""
    score = {"value": 2.5, "low": 2.4, "high": 2.6}
    manifest = describe(
        task=TASK.name,
        data={"sites": [{"name": name, "samples": 12} for name in SITES], "synthetic": True, "n_training": 36},
        request=request or {"steps": 3, "batch_size": 4, "seed": 0, "strategy": "fedavg"},
        rounds=1,
        executor="in-process",
        scores={"loss": Interval(2.25, 2.2, 2.3), "perplexity": Interval(9.5, 9.0, 10.0)},
        n=12,
        command="test",
        benefit={"North": {"local": {"loss": score}}, "pooled": {"pooled": {"loss": score}}},
        curve=[{"round": 0, "loss": 2.75, "loss at North": 2.7}, {"round": 1, "loss": 2.25, "loss at North": 2.2}],
    )
    weights = flat_weights(TASK.network()) + 0.1
    version = save_version(
        TASK,
        weights,
        Preparation.none(),
        Calibration.identity(),
        run_id=run_id,
        manifest=manifest,
        alone={"North": weights - 0.2} if alone else None,
    )
    promote(version.id, reason="for a test", by=None)
    return version
