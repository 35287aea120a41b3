"""Optimisers over one flat tensor do what PyTorch's own do."""

from typing import Literal

import pytest
import torch

from fl.optimisers import optimiser


@pytest.mark.parametrize("decay", [0.0, 0.01])
@pytest.mark.parametrize(("kind", "theirs"), [("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)])
def test_fifty_steps_give_the_bits_of_pytorch(
    kind: Literal["adam", "sgd"], theirs: type[torch.optim.Optimizer], decay: float
) -> None:
    torch.manual_seed(0)
    weights = torch.randn(40)
    parameter = torch.nn.Parameter(weights.clone())
    ours, expected = optimiser(kind, weights, 0.01, decay), theirs([parameter], lr=0.01, weight_decay=decay)  # type: ignore[call-arg]
    for _ in range(50):
        gradient = torch.randn(40)
        parameter.grad = gradient.clone()
        expected.step()
        ours.step(gradient)
    assert torch.equal(weights, parameter.detach())


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_rows_that_are_not_active_stay_as_they_are(kind: Literal["adam", "sgd"]) -> None:
    weights = torch.ones(3, 4)
    optimiser(kind, weights, 0.1, 0.0).step(torch.ones(2, 4), active=2)
    assert (weights[:2] != 1).all() and (weights[2] == 1).all()
