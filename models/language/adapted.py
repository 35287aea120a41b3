"""A language model with adapters: what it makes of a question and its answer."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from models.language.adapters import OverBase

ROWS_AT_ONCE = 4  # when nothing is trained; their scores for every word of the language take 100 MB


class Adapted(OverBase):
    """Base and adapters; (n, t) signed tokens → (n, 2): what the words of each answer cost in nats, and how many."""

    def forward(self, x: Tensor) -> Tensor:
        """Score the answers."""
        if not self.training and len(x) > ROWS_AT_ONCE:
            return torch.cat([self.forward(part) for part in x.split(ROWS_AT_ONCE)])  # type: ignore[no-untyped-call]
        signed = x.to(torch.int64)
        signed = signed[:, : max(2, int((signed != 0).sum(1).max()))]
        tokens = signed.abs().sub(1).clamp(min=0)
        said = signed[:, 1:] > 0  # (n, t - 1) the tokens to foresee, each from the place before
        first = int(said.any(0).int().argmax())
        logits = self.model(
            input_ids=tokens,
            attention_mask=(signed != 0).long(),
            use_cache=False,
            logits_to_keep=signed.shape[1] - first,  # scores of every word are a fifth of the work
        ).logits
        cost = cross_entropy(logits[:, :-1][said[:, first:]].float(), tokens[:, 1:][said], reduction="none")
        costs = torch.zeros(said.shape).masked_scatter(said, cost)
        return torch.stack([costs.sum(1), said.float().sum(1)], dim=1)
