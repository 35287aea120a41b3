"""Training at one site."""

import copy
import threading

import numpy as np
import pytest
import torch
from torch import nn

from data.table import FloatArray
from fl import local
from fl.local import FlatNetwork, Recipe, seed_of, train, train_alone
from fl.request import RunRequest
from fl.watcher import Cancelled, Stop
from models.preparation import Preparation
from models.registry import get_task
from models.weights import flat_weights, load_flat


def mixed_network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1))


def rows(n: int = 50) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(5)
    x = torch.randn(n, 4)
    return x, (x.sum(dim=1) > 0).float()


@pytest.mark.parametrize(("optimiser", "decay"), [("adam", 0.0), ("adam", 0.01), ("sgd", 0.01)])
def test_training_on_one_flat_vector_equals_plain_pytorch(optimiser: str, decay: float) -> None:
    plain, (x, y) = mixed_network(), rows()
    net = FlatNetwork(copy.deepcopy(plain))
    train(net, x, y, net.take(), Recipe(3, 16, 0.01, optimiser, decay), seed=9)  # type: ignore[arg-type]

    torch.manual_seed(9)
    make = torch.optim.Adam if optimiser == "adam" else torch.optim.SGD
    steps = make(plain.parameters(), lr=0.01, weight_decay=decay)
    for _ in range(3):
        for batch in torch.randperm(len(y)).split(16):
            steps.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(plain(x[batch]).squeeze(1), y[batch]).backward()
            steps.step()
    np.testing.assert_allclose(net.take(), flat_weights(plain), rtol=0, atol=1e-6)


def test_flat_weights_have_the_order_in_which_they_are_kept() -> None:
    plain = mixed_network()
    net = FlatNetwork(copy.deepcopy(plain))
    assert np.array_equal(net.take(), flat_weights(plain))
    other = np.arange(len(net.take()), dtype=np.float32)
    net.load(other)
    load_flat(plain, other)
    x, _ = rows()
    assert torch.equal(net.network.eval()(x), plain.eval()(x))


def test_a_stronger_proximal_term_holds_a_site_nearer_to_the_global_weights() -> None:
    x, y = rows()
    start = FlatNetwork(mixed_network()).take()

    def moved(mu: float) -> float:
        net = FlatNetwork(mixed_network())
        train(net, x, y, start, Recipe(20, 16, 0.05, "sgd", proximal_mu=mu), seed=1)
        return float(np.linalg.norm(net.take()[:49] - start[:49]))  # parameters, without the running statistics

    distances = [moved(mu) for mu in (0.0, 0.5, 5.0)]
    assert distances[0] > 1.2 * distances[1] > 1.2 * distances[2] > 0


def test_the_proximal_term_has_the_gradient_of_the_paper() -> None:
    """One step of SGD from a start that equals the anchor moves like FedAvg; the second by mu · (w − w_start) less."""
    x, y = rows(8)
    start = FlatNetwork(nn.Linear(4, 1)).take()

    def steps(epochs: int, mu: float) -> np.ndarray:  # type: ignore[type-arg]
        net = FlatNetwork(nn.Linear(4, 1))
        train(net, x, y, start, Recipe(epochs, 8, 0.1, "sgd", proximal_mu=mu), seed=1)
        return net.take()

    assert np.array_equal(steps(1, 0.0), steps(1, 3.0))
    drift = steps(1, 0.0) - start
    np.testing.assert_allclose(steps(2, 0.0) - steps(2, 3.0), 0.1 * 3.0 * drift, atol=1e-6)


def test_training_leaves_the_random_state_of_the_process_alone() -> None:
    torch.manual_seed(42)
    expected = torch.rand(3)
    torch.manual_seed(42)
    net = FlatNetwork(mixed_network())
    torch.manual_seed(42)
    train(net, *rows_without_seeding(), net.take(), Recipe(1, 16, 0.1), seed=0)
    assert torch.equal(torch.rand(3), expected)


def rows_without_seeding() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.ones(20, 4), torch.ones(20)


def test_seeds_differ_for_every_run_round_and_site() -> None:
    seeds = {seed_of(s, r, p) for s in range(5) for r in range(5) for p in range(5)}
    assert len(seeds) == 125 and all(0 <= seed < 2**63 for seed in seeds)


def test_training_alone_keeps_the_round_that_a_given_loss_likes_best() -> None:
    request = RunRequest("vitals", rounds=3, local_epochs=1)
    rows = get_task("vitals").generate(60, 0)
    kept: list[FloatArray] = []

    def loss_of(weights: FloatArray, _preparation: Preparation) -> float:
        kept.append(weights)
        return [2.0, 1.0, 3.0][len(kept) - 1]

    best, _ = train_alone(request, rows, position=0, loss_of=loss_of)
    last, _ = train_alone(request, rows, position=0)

    assert (best == kept[1]).all()
    assert (last == kept[2]).all()


def test_training_stops_between_two_batches() -> None:
    stop = Stop()
    stop.set()
    net = FlatNetwork(mixed_network())
    with pytest.raises(Cancelled):
        train(net, *rows(), net.take(), Recipe(1, 16, 0.1), seed=0, stop=stop)


def test_a_network_is_tried_for_dropout_only_while_nobody_else_draws() -> None:
    net, found = FlatNetwork(mixed_network()), []
    trying = threading.Thread(target=lambda: found.append(net.draws(rows()[0])))
    with local._DRAWING:  # as a thread holds it that draws its first weights from the process's generator
        trying.start()
        trying.join(0.3)
        assert found == []
    trying.join()
    assert found == [True]


@pytest.mark.parametrize("sampling", [1.0, 0.5, 0.0])
def test_classes_come_as_often_as_the_sampling_says(sampling: float) -> None:
    y = torch.tensor([0] * 900 + [1] * 90 + [2] * 10)
    order = local._order(y, sampling, torch.Generator().manual_seed(0))
    if sampling == 1:
        assert sorted(order.tolist()) == list(range(1000))
    wanted = torch.tensor([900.0, 90.0, 10.0]) ** sampling
    torch.testing.assert_close(torch.bincount(y[order]) / 1000, wanted / wanted.sum(), rtol=0, atol=0.05)


def test_a_task_that_draws_its_classes_alike_is_not_stacked_and_trains_the_same_again(home: object) -> None:
    from fl.federation import executor_for

    assert executor_for(RunRequest.for_task(get_task("ecg"))) == "in-process"
    x, y = torch.randn(60, 3), torch.tensor([0] * 50 + [1] * 10)
    recipe = Recipe(2, 8, 0.1, sampling=0.2)
    nets = [FlatNetwork(nn.Linear(3, 2)) for _ in range(2)]
    start = nets[0].take()
    for net in nets:
        train(net, x, y, start, recipe, seed=4)
    assert np.array_equal(nets[0].take(), nets[1].take())
