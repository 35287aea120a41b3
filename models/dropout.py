"""Dropout that draws from a generator of its own, so that several networks can train side by side in one process."""

import torch
from torch import Tensor, nn


class SeededDropout(nn.Module):
    """Leaves out a part of its inputs in training, as nn.Dropout does.

    Parameters
    ----------
    part : of the inputs, 0 to below 1.

    Attributes
    ----------
    generator : what is drawn from; whoever trains gives one.
    """

    def __init__(self, part: float) -> None:
        super().__init__()
        self.part = part
        self.generator = torch.Generator()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, in training with a part of it set to 0 and the rest enlarged to make up for it."""
        if not self.training or not self.part:
            return x
        kept = torch.rand(x.shape, generator=self.generator) >= self.part
        return x * kept.to(x) / (1 - self.part)
