"""Flat weights go out and in without loss, in a fixed order, and refuse the wrong length."""

import numpy as np
import pytest
import torch
from torch import nn

from models.registry import tasks
from models.weights import flat_weights, load_flat


@pytest.mark.parametrize("name", [name for name, task in tasks().items() if not task.generates])
def test_weights_return_unchanged(name: str) -> None:
    first, second = tasks()[name].network(), tasks()[name].network()
    load_flat(second, flat_weights(first))
    assert (flat_weights(first) == flat_weights(second)).all()
    assert flat_weights(first).dtype == np.float32


def test_buffers_that_hold_floats_follow_the_parameters_and_counters_stay_home() -> None:
    network = nn.BatchNorm1d(2)
    network.running_mean = torch.tensor([5.0, 6.0])
    assert flat_weights(network).tolist() == [1, 1, 0, 0, 5, 6, 1, 1]


def test_a_vector_of_the_wrong_length_changes_nothing() -> None:
    network = nn.Linear(3, 1)
    before = flat_weights(network)
    with pytest.raises(ValueError, match="4 weights"):
        load_flat(network, np.ones(5, np.float32))
    assert (flat_weights(network) == before).all()


def test_the_vector_is_a_copy() -> None:
    network = nn.Linear(3, 1)
    flat_weights(network)[:] = 9
    assert not (flat_weights(network) == 9).any()
