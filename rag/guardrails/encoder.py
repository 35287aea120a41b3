"""MiniLM with its upper layers tuned by low-rank additions, so that it hears who, when and whether, not just what.

A sentence vector puts "I have chest pain" beside "what is chest pain?". The lower layers stay those of
``rag/embedding.py``; to each matrix of the upper ones ``B A`` of rank 16 is added (Hu et al., LoRA, 2021,
https://arxiv.org/abs/2106.09685). What is added is all that is shipped.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from rag import embedding

TUNED = (2, 3, 4, 5)  # of layers 0 to 5
RANK = 16
TOKENS = 96  # longer texts are judged in pieces
_HEADS = 12
_MATRICES = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)

Weights = dict[str, Tensor]


def additions(generator: torch.Generator) -> Weights:
    """Return fresh low-rank additions: A small and random, B zero, so that nothing changes at first."""
    weights = base()
    made: Weights = {}
    for layer in TUNED:
        for name in _MATRICES:
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


def lower(numbers: Tensor, mask: Tensor) -> Tensor:
    """Return what the untouched layers make of tokens, shape (n, length, 384)."""
    weights = base()
    places = torch.arange(numbers.shape[1])
    hidden = (
        weights["embeddings.word_embeddings.weight"][numbers]
        + weights["embeddings.position_embeddings.weight"][places]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    hidden = _normalise(hidden, weights, "embeddings.LayerNorm")
    for layer in range(TUNED[0]):
        hidden = _layer(hidden, mask, weights, layer, None)
    return hidden


def upper(hidden: Tensor, mask: Tensor, added: Weights) -> Tensor:
    """Return one vector a text from the tuned layers: mean and maximum over its tokens, shape (n, 768)."""
    for layer in TUNED:
        hidden = _layer(hidden, mask, base(), layer, added)
    wide = mask[:, :, None]
    mean = (hidden * wide).sum(1) / wide.sum(1)
    return torch.cat([mean, hidden.masked_fill(wide == 0, -1e4).amax(1)], dim=1)


def _layer(hidden: Tensor, mask: Tensor, weights: Weights, layer: int, added: Weights | None) -> Tensor:
    prefix = f"encoder.layer.{layer}."

    def linear(x: Tensor, name: str) -> Tensor:
        y = functional.linear(x, weights[f"{prefix}{name}.weight"], weights[f"{prefix}{name}.bias"])
        if added is None:
            return y
        return y + (x @ added[f"{layer}.{name}.a"].T) @ added[f"{layer}.{name}.b"].T

    def heads(x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], _HEADS, -1).transpose(1, 2)

    query, key, value = (heads(linear(hidden, name)) for name in _MATRICES[:3])
    seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :].bool())
    seen = linear(seen.transpose(1, 2).flatten(2), _MATRICES[3])
    hidden = _normalise(hidden + seen, weights, f"{prefix}attention.output.LayerNorm")
    inner = linear(functional.gelu(linear(hidden, _MATRICES[4])), _MATRICES[5])
    return _normalise(hidden + inner, weights, f"{prefix}output.LayerNorm")


def _normalise(x: Tensor, weights: Weights, name: str) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-12)
