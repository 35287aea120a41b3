"""MiniLM with its layers tuned by low-rank additions, so that it hears who, when and whether, not just what.

A sentence vector puts "I have chest pain" beside "what is chest pain?". To each matrix of the layers of
``rag/embedding.py``, ``B A`` of rank 32 is added (Hu et al., LoRA, 2021, https://arxiv.org/abs/2106.09685). What is
added is all that is shipped.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from rag import embedding, minilm
from rag.minilm import Weights as Weights

RANK = 32
TOKENS = 96  # longer texts are judged in pieces


def additions(generator: torch.Generator) -> Weights:
    """Return fresh low-rank additions: A small and random, B zero, so that nothing changes at first."""
    weights = base()
    made: Weights = {}
    for layer in range(minilm.LAYERS):
        for name in minilm.MATRICES:
            rows, columns = weights[f"encoder.layer.{layer}.{name}.weight"].shape
            key = f"{layer}.{name}"
            made[f"{key}.a"] = torch.randn(RANK, columns, generator=generator) / columns**0.5
            made[f"{key}.b"] = torch.zeros(rows, RANK)
    return made


@lru_cache
def base() -> Weights:
    """Return the weights of MiniLM by name; loads it at the first call (seconds)."""
    return embedding.weights()


def tokens(texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return token numbers and mask, both of shape (n, length)."""
    return embedding.tokens(texts, TOKENS)


def vectors(numbers: Tensor, mask: Tensor, added: Weights) -> Tensor:
    """Return one vector a text from the tuned layers: mean and maximum over its tokens, shape (n, 768)."""
    hidden = minilm.embedded(numbers, base())
    for layer in range(minilm.LAYERS):
        hidden = minilm.layer(hidden, mask, base(), layer, added)
    wide = mask[:, :, None]
    mean = (hidden * wide).sum(1) / wide.sum(1)
    return torch.cat([mean, hidden.masked_fill(wide == 0, -1e4).amax(1)], dim=1)
