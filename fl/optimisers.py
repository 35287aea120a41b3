"""Optimisers over one tensor that holds all weights of a network, or those of many networks as rows.

They do what ``torch.optim.Adam`` and ``torch.optim.SGD`` do, operation by operation. Those look at each parameter
anew in every step and import PyTorch's compiler when the first is made, which takes longer than a whole small run.
"""

import math
from typing import Literal, Protocol

import torch
from torch import Tensor

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Kingma & Ba 2015, arXiv 1412.6980


class Optimiser(Protocol):
    """Changes the weights it was made for."""

    def step(self, gradient: Tensor, active: int | None = None) -> None:
        """Take one step along ``gradient``, of the weights' shape; of the first ``active`` rows only, if given."""


class Adam:
    """Adam with L2 penalty ``weight_decay``; ``weights`` (any shape) are changed in place."""

    def __init__(self, weights: Tensor, learning_rate: float, weight_decay: float = 0.0) -> None:
        self._weights, self._rate, self._decay = weights, learning_rate, weight_decay
        self._first, self._second = torch.zeros_like(weights), torch.zeros_like(weights)
        self._steps = 0

    def step(self, gradient: Tensor, active: int | None = None) -> None:
        """Take one step. Rows left out once must be left out of every later step too: all share one step count."""
        weights, first, second = self._weights[:active], self._first[:active], self._second[:active]
        if self._decay:
            gradient = gradient.add(weights, alpha=self._decay)
        self._steps += 1
        first.lerp_(gradient, 1 - BETA1)
        second.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        root = math.sqrt(1 - BETA2**self._steps)
        weights.addcdiv_(first, second.sqrt().div_(root).add_(EPSILON), value=-self._rate / (1 - BETA1**self._steps))


class SGD:
    """Gradient descent with L2 penalty ``weight_decay``; ``weights`` (any shape) are changed in place."""

    def __init__(self, weights: Tensor, learning_rate: float, weight_decay: float = 0.0) -> None:
        self._weights, self._rate, self._decay = weights, learning_rate, weight_decay

    def step(self, gradient: Tensor, active: int | None = None) -> None:
        """Take one step."""
        weights = self._weights[:active]
        if self._decay:
            gradient = gradient.add(weights, alpha=self._decay)
        weights.add_(gradient, alpha=-self._rate)


def optimiser(kind: Literal["adam", "sgd"], weights: Tensor, learning_rate: float, weight_decay: float) -> Optimiser:
    """Return a fresh optimiser of ``weights``."""
    return (Adam if kind == "adam" else SGD)(weights, learning_rate, weight_decay)
