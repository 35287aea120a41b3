"""Linear layers with simple activations between them, forward and backward, for many sets of weights at once.

Nearly every network over tables or frozen features is one. Written out, a step costs a few batched products; through
``torch.func.vmap`` and autograd it costs three to four times as much, for a small network mostly in looking things up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

Slope = Callable[[Tensor], Tensor]

# activation → its slope as a function of what it gave
SLOPES: dict[type[nn.Module], Slope] = {
    nn.ReLU: lambda given: given > 0,
    nn.Tanh: lambda given: 1 - given.square(),
    nn.Sigmoid: lambda given: given * (1 - given),
}


@dataclass(frozen=True)
class Chain:
    """The layers of a network that is such a chain.

    Parameters
    ----------
    layers : linear layers and activations; dropout, which does nothing outside training, only where ``of`` allows it.
    """

    layers: tuple[nn.Module, ...]

    @classmethod
    def of(cls, network: nn.Module, *, scoring: bool = False) -> Self | None:
        """Return the chain that ``network`` is, or None; for ``scoring`` it may hold dropout, which is left out."""
        layers = tuple(network) if type(network) is nn.Sequential else (network,)
        if scoring:
            layers = tuple(layer for layer in layers if not isinstance(layer, nn.Dropout))
        known = all(type(layer) in SLOPES or _plain(layer) for layer in layers)
        return cls(layers) if known and len(set(layers)) == len(layers) else None

    def forward(self, parts: Sequence[Tensor], x: Tensor) -> list[Tensor]:
        """Return what every layer gave, the last its (s, n, o) output.

        Parameters
        ----------
        parts : the network's parameters in their order, each with the sites as first dimension.
        x : (s, n, f) features, or (n, f) ones that all share.
        """
        given, left = [], iter(parts)
        for layer in self.layers:
            x = _linear(next(left), next(left), x) if type(layer) is nn.Linear else layer(x)
            given.append(x)
        return given

    def backward(
        self, parts: Sequence[Tensor], x: Tensor, given: Sequence[Tensor], slope: Tensor, into: Sequence[Tensor]
    ) -> None:
        """Write the gradients of a loss by ``parts`` into tensors of the same shapes.

        Parameters
        ----------
        x : (s, n, f) features that ``forward`` was given.
        given : what it returned.
        slope : (s, n, o) of the loss by the output.
        """
        place = len(parts)
        for layer, inside, outside in zip(self.layers[::-1], [x, *given[:-1]][::-1], given[::-1], strict=True):
            if type(layer) is not nn.Linear:
                slope = slope * SLOPES[type(layer)](outside)
                continue
            place -= 2
            into[place].copy_(torch.bmm(slope.mT, inside))
            into[place + 1].copy_(slope.sum(1))
            if place == 0:
                return
            slope = torch.bmm(slope, parts[place])


def _linear(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """Return (s, n, o) for (s, o, i) weights, (s, o) biases and (s, n, i) or shared (n, i) input."""
    if x.dim() == 3:
        return torch.baddbmm(bias.unsqueeze(1), x, weight.mT)
    together = x @ weight.flatten(0, 1).T  # one large product in place of many small ones
    return together.view(len(x), *bias.shape).transpose(0, 1) + bias.unsqueeze(1)


def _plain(layer: nn.Module) -> bool:
    return type(layer) is nn.Linear and layer.bias is not None
