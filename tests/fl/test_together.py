"""Sites trained together send the updates that they would compute one by one."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fl.local import FlatNetwork, Recipe, train
from fl.together import Rows, Stack, can_stack, train_together
from fl.watcher import Cancelled, Stop


def network() -> FlatNetwork:
    torch.manual_seed(3)
    return FlatNetwork(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)))


def sites(counts: list[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    torch.manual_seed(5)
    return [((x := torch.randn(count, 4)), (x.sum(dim=1) > 0).float()) for count in counts]


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    epochs=st.integers(1, 3),
    batch_size=st.integers(1, 24),
    optimiser=st.sampled_from(["adam", "sgd"]),
    mu=st.sampled_from([0.0, 0.5]),
)
def test_sites_of_any_sizes_learn_together_what_each_learns_alone(
    counts: list[int], epochs: int, batch_size: int, optimiser: Literal["adam", "sgd"], mu: float
) -> None:
    recipe = Recipe(epochs, batch_size, 0.01, optimiser, weight_decay=0.01, proximal_mu=mu)
    data, net = sites(counts), network()
    start = net.take()
    weights, losses = train_together(net, Rows.of(data), start, recipe, seeds=range(len(counts)))
    for site, (x, y) in enumerate(data):
        alone = network()
        loss = train(alone, x, y, start, recipe, seed=site)
        np.testing.assert_allclose(weights[site], alone.take(), rtol=0, atol=1e-5)
        assert losses[site] == pytest.approx(loss, abs=1e-5)


def test_each_site_may_start_from_weights_of_its_own() -> None:
    data, net = sites([5, 30, 12]), network()
    starts = np.stack([net.take() + shift for shift in (0.0, 0.1, 0.2)]).astype(np.float32)
    weights, _ = train_together(net, Rows.of(data), starts, Recipe(1, 8, 0.01), seeds=[0, 1, 2])
    for site, (x, y) in enumerate(data):
        alone = network()
        train(alone, x, y, starts[site], Recipe(1, 8, 0.01), seed=site)
        np.testing.assert_allclose(weights[site], alone.take(), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(4, 1),
        lambda: nn.Sequential(nn.Tanh(), nn.Linear(4, 1)),
        lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 5), nn.Sigmoid(), nn.Linear(5, 1)),
        lambda: nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 1)),
        lambda: nn.Sequential(nn.Linear(4, 8, bias=False), nn.ReLU(), nn.Linear(8, 1)),
    ],
)
def test_gradients_of_a_stack_are_those_of_each_network(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(1)
    nets = [FlatNetwork(make()) for _ in range(3)]
    x, y = torch.randn(3, 7, 4), (torch.randn(3, 7) > 0).float()
    weights = torch.stack([net.weights for net in nets])
    found, losses = Stack(nets[0]).gradient(weights, x, y, torch.full((3, 7), 1 / 7))
    for site, net in enumerate(nets):
        loss = nn.functional.binary_cross_entropy_with_logits(net.network(x[site]).squeeze(1), y[site])
        loss.backward()
        torch.testing.assert_close(found[site], net.gradient, rtol=1e-5, atol=1e-6)
        assert losses[site].item() == pytest.approx(loss.item(), abs=1e-6)


def test_gradients_of_a_stack_of_many_classes_are_those_of_each_network() -> None:
    torch.manual_seed(1)
    nets = [FlatNetwork(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))) for _ in range(2)]
    x, y = torch.randn(2, 7, 4), torch.randint(3, (2, 7))
    weights = torch.stack([net.weights for net in nets])
    found, losses = Stack(nets[0]).gradient(weights, x, y, torch.full((2, 7), 1 / 7))
    for site, net in enumerate(nets):
        loss = nn.functional.cross_entropy(net.network(x[site]), y[site])
        loss.backward()
        torch.testing.assert_close(found[site], net.gradient, rtol=1e-5, atol=1e-6)
        assert losses[site].item() == pytest.approx(loss.item(), abs=1e-6)


def test_a_network_with_dropout_is_scored_but_not_trained_in_a_stack() -> None:
    net, x = FlatNetwork(nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))), torch.randn(6, 4)
    assert can_stack(net, x, scoring=True)
    assert not can_stack(net, x)
    found = Stack(net, scoring=True).logits(net.weights.expand(2, -1), x)
    torch.testing.assert_close(found[1], net.network.eval()(x).squeeze(1))


@pytest.mark.parametrize(
    ("layer", "can"), [(nn.ReLU(), True), (nn.Dropout(0.5), False), (nn.BatchNorm1d(8), False), (nn.GELU(), True)]
)
def test_networks_that_draw_or_keep_statistics_are_not_stacked(layer: nn.Module, can: bool) -> None:
    net = FlatNetwork(nn.Sequential(nn.Linear(4, 8), layer, nn.Linear(8, 1)))
    before = net.take()
    assert can_stack(net, torch.randn(6, 4)) is can
    assert np.array_equal(net.take(), before)


def test_training_together_stops_between_two_batches() -> None:
    stop = Stop()
    stop.set()
    net = network()
    with pytest.raises(Cancelled):
        train_together(net, Rows.of(sites([5, 5])), net.take(), Recipe(1, 8, 0.01), seeds=[0, 1], stop=stop)
