"""An encoder with adapters and a head: what kind of text it reads."""

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from models.language.adapters import OverBase
from models.language.base import Base
from models.language.lora import Lora

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ROWS_AT_ONCE = 16  # of like length, so that little is spent on filling
_PEFT_LACKS = ("q_lin", "v_lin")  # queries and values of DistilBERT; those of others peft knows


class Classified(OverBase):
    """Base, adapters and one layer over the mean of what stands for a text's tokens; (n, t) tokens → (n, outputs).

    Parameters
    ----------
    base : an encoder; is not changed.
    lora : how the adapters are made. Layers that it names and the encoder lacks are those of another base; when none
        is left, queries and values have adapters.
    outputs : logits of a text.
    """

    def __init__(self, base: Base, lora: Lora, outputs: int) -> None:
        super().__init__(base, replace(lora, layers=_that_it_has(base.model, lora.layers)))
        self.head = nn.Linear(base.model.config.hidden_size, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Give the logits."""
        order = (x != 0).sum(1).argsort(stable=True)
        found = torch.cat([self._read(x[part]) for part in order.split(ROWS_AT_ONCE)])  # type: ignore[no-untyped-call]
        return found[order.argsort()]

    def _read(self, x: Tensor) -> Tensor:
        there = x[:, : max(1, int((x != 0).sum(1).max()))] != 0
        tokens = x[:, : there.shape[1]].to(torch.int64).sub(1).clamp(min=0)
        hidden = self.model(input_ids=tokens, attention_mask=there.long()).last_hidden_state
        wide = there.unsqueeze(2).to(hidden)
        mean = (hidden * wide).sum(1) / wide.sum(1).clamp(min=1)
        logits: Tensor = self.head(layer_norm(mean, mean.shape[1:]))  # whatever scale an encoder's numbers have
        return logits


def _that_it_has(model: "PreTrainedModel", layers: tuple[str, ...]) -> tuple[str, ...]:
    names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    asked = tuple(name for name in layers if name in names)
    return asked or tuple(name for name in _PEFT_LACKS if name in names)
