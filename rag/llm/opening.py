"""What a model has computed of the words that every prompt begins with, kept so that the next answer begins sooner.

The keys and values of a token depend only on those before it, so the same opening has the same ones in every prompt.
Each answer goes on from a copy of its own.
"""

import copy
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from transformers import Cache, PreTrainedModel

LEAST = 8  # tokens; fewer are not worth a copy
_KEPT: "WeakKeyDictionary[Any, tuple[tuple[tuple[int, ...], str], Cache]]" = WeakKeyDictionary()  # the last of a model


def computed(model: "PreTrainedModel", opening: Sequence[int]) -> "Cache | None":
    """Return a copy of the keys and values of ``opening``, computed once; None where it is too short to gain by it."""
    import torch

    if len(opening) < LEAST:
        return None
    mark = tuple(opening), _adapters(model)
    kept = _KEPT.get(model)
    if kept is None or kept[0] != mark:
        with torch.no_grad():
            found = model(
                input_ids=torch.tensor([list(opening)], device=model.device), use_cache=True, logits_to_keep=1
            )
        kept = _KEPT[model] = mark, found.past_key_values
    return copy.deepcopy(kept[1])


def shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two prompts have in common at their beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _adapters(model: "PreTrainedModel") -> str:
    """Return a digest of the weights that may change while the model is in memory; the base never does."""
    digest = sha256()
    for name, weights in model.named_parameters():
        if "lora_" in name:
            digest.update(weights.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()
