"""The network of all-MiniLM-L6-v2 in plain PyTorch: a BERT of six layers, from its weights by name.

sentence-transformers gives the same vectors (a test holds them to it), but takes ten seconds and half a gigabyte more
to import. ``rag/guardrails/encoder.py`` adds to the upper layers what it has learnt.
"""

import torch
from torch import Tensor
from torch.nn import functional

LAYERS = 6
MATRICES = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
_HEADS = 12

Weights = dict[str, Tensor]


def embedded(numbers: Tensor, weights: Weights) -> Tensor:
    """Return what stands before the first layer for token numbers of shape (n, length): shape (n, length, 384)."""
    hidden = (
        weights["embeddings.word_embeddings.weight"][numbers]
        + weights["embeddings.position_embeddings.weight"][torch.arange(numbers.shape[1])]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    return _normalised(hidden, weights, "embeddings.LayerNorm")


def layer(hidden: Tensor, mask: Tensor, weights: Weights, number: int, added: Weights | None = None) -> Tensor:
    """Return what layer ``number`` makes of ``hidden``; ``added`` holds low-rank additions "2.output.dense.a" and b."""
    prefix = f"encoder.layer.{number}."

    def linear(x: Tensor, name: str) -> Tensor:
        y = functional.linear(x, weights[f"{prefix}{name}.weight"], weights[f"{prefix}{name}.bias"])
        if added is None:
            return y
        return y + (x @ added[f"{number}.{name}.a"].T) @ added[f"{number}.{name}.b"].T

    def heads(x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], _HEADS, -1).transpose(1, 2)

    query, key, value = (heads(linear(hidden, name)) for name in MATRICES[:3])
    seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :].bool())
    seen = linear(seen.transpose(1, 2).flatten(2), MATRICES[3])
    hidden = _normalised(hidden + seen, weights, f"{prefix}attention.output.LayerNorm")
    inner = linear(functional.gelu(linear(hidden, MATRICES[4])), MATRICES[5])
    return _normalised(hidden + inner, weights, f"{prefix}output.LayerNorm")


def vectors(numbers: Tensor, mask: Tensor, weights: Weights) -> Tensor:
    """Return one vector of length 1 for each row of token numbers: the mean over its tokens, shape (n, 384)."""
    hidden = embedded(numbers, weights)
    for number in range(LAYERS):
        hidden = layer(hidden, mask, weights, number)
    wide = mask[:, :, None]
    return functional.normalize((hidden * wide).sum(1) / wide.sum(1), dim=1)


def _normalised(x: Tensor, weights: Weights, name: str) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-12)
