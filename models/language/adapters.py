"""A base with adapters as the engine sees a network: its parameters are the adapters, and nothing else of the base.

The base stands outside of it, shared by all networks of the process, so that flat weights, checkpoints, updates, noise
and masks are those of the adapters, and of what a network has beside them.
"""

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from models.dropout import SeededDropout
from models.language.base import Base
from models.language.lora import Factors, Lora

if TYPE_CHECKING:
    from typing import Self

    from transformers import PreTrainedModel

SEED = 0  # of A: the same in every network, so it need not travel
_ADAPTER = "default"


class OverBase(nn.Module):
    """Adapters over a base; what a subclass makes of the two is its ``forward``.

    Parameters
    ----------
    base : is not changed.
    lora : how the adapters are made; B starts at 0, so that a fresh network is the base.
    checkpointing : whether training computes layers again in place of keeping what they gave: slower, less memory.

    Attributes
    ----------
    factors : where the adapters of each layer are in the flat weights, which begin with them.
    """

    made_of: Tensor

    def __init__(self, base: Base, lora: Lora, *, checkpointing: bool = False) -> None:
        super().__init__()
        model = _with_adapters(base.model, lora)
        self.__dict__["model"] = model  # not as a part: its parameters are not this network's
        self.adapters = nn.ParameterList()
        self.dropouts = nn.ModuleList()
        self.factors: list[Factors] = []
        generator, place = torch.Generator().manual_seed(SEED), 0
        layers: list[Any] = [module for module in model.modules() if hasattr(module, "lora_A")]
        for module in layers:
            dropout = SeededDropout(lora.dropout)
            module.lora_dropout[_ADAPTER] = dropout
            self.dropouts.append(dropout)
            a, b = module.lora_A[_ADAPTER].weight, module.lora_B[_ADAPTER].weight
            bound = a.shape[1] ** -0.5
            with torch.no_grad():
                a.copy_(torch.empty(a.shape).uniform_(-bound, bound, generator=generator))
                b.zero_()
            a_at = None
            if lora.trains == "ab":
                a_at, place = place, place + a.numel()
                self.adapters.append(a)
            a.requires_grad_(a_at is not None)
            self.adapters.append(b)
            frozen = a.detach().numpy().copy() if a_at is None else None
            self.factors.append(Factors(place, tuple(b.shape), a_at, tuple(a.shape), frozen))
            place += b.numel()
        self.register_buffer("made_of", _mark(base, lora))
        draws = [module for module in self.dropouts if isinstance(module, SeededDropout)]
        self._computed_again = _compute_again(model, draws) if checkpointing else []

    def train(self, mode: bool = True) -> "Self":
        """Train, or not. The base never does, but layers are computed again only while they say so."""
        for layer in self._computed_again:
            layer.training = mode  # its parts do not follow: they would leave out more than the adapters do
        return super().train(mode)

    @property
    def model(self) -> "PreTrainedModel":
        """The base with the adapters in it."""
        found: PreTrainedModel = self.__dict__["model"]
        return found

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        kept = state_dict.get(f"{prefix}made_of")
        if kept is not None and not torch.equal(kept, self.made_of):
            errors: list[str] = rest[-1]
            errors.append("the adapters were made for another base, or in another way")
            return
        super()._load_from_state_dict(dict(state_dict), prefix, *rest)


def _with_adapters(model: "PreTrainedModel", lora: Lora) -> "PreTrainedModel":
    """Return a copy of ``model`` with adapters, which shares all of its tensors."""
    from peft import LoraConfig, inject_adapter_in_model

    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    copied = copy.deepcopy(model, shared)
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, target_modules=list(lora.layers) or None)  # type: ignore[arg-type]
    try:
        return inject_adapter_in_model(config, copied, _ADAPTER)  # type: ignore[return-value]
    except ValueError as error:
        raise ValueError(f"MEDHIVE_LORA_LAYERS names no layer of this base: {error}") from None


def _compute_again(model: "PreTrainedModel", dropouts: Sequence[SeededDropout]) -> list[nn.Module]:
    """Let the layers of ``model`` be computed again for their gradients (Chen et al. 2016), and return them.

    https://arxiv.org/abs/1604.06174. The second time, adapters leave out what they left out the first time.
    """
    from transformers.modeling_layers import GradientCheckpointingLayer

    @contextmanager
    def with_draws_of(states: Sequence[Tensor]) -> Iterator[None]:
        now = [dropout.generator.get_state() for dropout in dropouts]
        for dropout, state in zip(dropouts, states, strict=True):
            dropout.generator.set_state(state)
        try:
            yield
        finally:
            for dropout, state in zip(dropouts, now, strict=True):
                dropout.generator.set_state(state)

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), with_draws_of([dropout.generator.get_state() for dropout in dropouts])

    model.activation_checkpointing_enable({"use_reentrant": False, "context_fn": contexts})
    return [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]


def _mark(base: Base, lora: Lora) -> Tensor:
    """Return four whole numbers that differ for another base, or for adapters made in another way."""
    kept = {name: value for name, value in lora.as_json().items() if name != "dropout"}
    text = json.dumps([base.fingerprint, kept, SEED], sort_keys=True)
    digest = hashlib.sha256(text.encode()).digest()
    return torch.tensor([int.from_bytes(digest[at : at + 7], "big") for at in range(0, 28, 7)], dtype=torch.int64)
