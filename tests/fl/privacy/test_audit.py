"""The audit tells a model that remembers its rows from one that does not, and a site that harms from one that helps."""

import base64

import numpy as np
import pytest
import torch

from data.table import Dataset
from fl.local import Recipe, example, initial_weights, network_of, own_preparation, tensors_of
from fl.privacy.contribution import contributions
from fl.privacy.copies import federated_copies
from fl.privacy.inversion import invert, invert_row, own_likeness
from fl.privacy.membership import attack, likelihood_ratio
from fl.privacy.overlap import overlap
from fl.request import RunRequest
from fl.sites import public_rows
from models.preparation import Preparation
from models.registry import get_task

TASK = get_task("breast_cancer")
REQUEST = RunRequest.for_task(TASK, sites=2, rounds=4)


def halves() -> tuple[Dataset, Dataset]:
    rows = public_rows("breast_cancer", "training")
    return rows.take(np.arange(60)), rows.take(np.arange(60, 120))


@pytest.mark.parametrize("standardise", ["together", "site"])
def test_a_model_that_learned_its_rows_by_heart_is_found_out_and_an_untrained_one_is_not(
    home: object, standardise: str
) -> None:
    members, others = halves()
    wrong = Dataset(members.x, np.random.default_rng(0).integers(2, size=60), "random labels")
    mixed = Dataset(others.x, np.random.default_rng(1).integers(2, size=60), "random labels")
    how = {"sites": 1, "rounds": 6, "local_epochs": 20, "learning_rate": 0.01, "standardise": standardise}
    request = RunRequest.for_task(TASK, **how)
    preparation = own_preparation(TASK, wrong)
    x, y = tensors_of(TASK, wrong, preparation)
    learned = federated_copies(request, [[(x, y)]])[0]
    known = attack(request, learned, preparation, wrong, mixed, sites=1, shadows=8)
    fresh = initial_weights(TASK, 5)
    unknown = attack(request, fresh, preparation, wrong, mixed, sites=1, shadows=8)
    assert known.low > 0.7
    assert unknown.low < 0.5 < known.value


def test_the_ratio_is_high_where_the_model_looks_like_copies_that_had_the_row() -> None:
    inside = np.array([[True, False], [True, False], [False, True], [False, True]])
    copies = np.where(inside, 3.0, 0.0) + np.array([[0.1, -0.1], [-0.1, 0.1], [0.1, -0.1], [-0.1, 0.1]])
    assert (likelihood_ratio(np.array([3.0, 0.0]), copies, inside) > 0).tolist() == [True, False]


def test_copies_give_the_average_of_their_sites(home: object) -> None:
    one, other = halves()
    preparation = own_preparation(TASK, one)
    parts = [tensors_of(TASK, rows, preparation) for rows in (one, other)]
    found = federated_copies(REQUEST, [[parts[0]], parts, [parts[0]]])
    assert found.shape == (3, len(network_of("breast_cancer").weights))
    assert not np.allclose(found[0], found[1])
    assert Recipe.of(REQUEST, TASK, 1).epochs == REQUEST.local_epochs
    assert len(example("breast_cancer")) == 2


@pytest.mark.parametrize("count", [3, 6])
def test_a_site_with_swapped_labels_shows_as_one_that_harms(home: object, count: int) -> None:
    rows = public_rows("breast_cancer", "training")
    preparation = own_preparation(TASK, rows)
    sites = [tensors_of(TASK, rows.take(part), preparation) for part in np.array_split(np.arange(len(rows)), count)]
    sites[0] = (sites[0][0], 1 - sites[0][1])
    found = contributions(REQUEST, [f"Site {at}" for at in range(count)], sites, preparation, orders=6)
    assert found[0].harms
    assert all(each.value.value > 0 for each in found[1:])
    assert isinstance(sites[0][1], torch.Tensor)


def test_overlap_counts_rows_that_two_sites_hold_and_is_nothing_for_parts_of_one_table(home: object) -> None:
    one, other = halves()
    assert overlap([one, other]) == 0
    shared = one.take(np.arange(30))
    assert overlap([one, shared]) == pytest.approx(60 / 90)


def test_the_inputs_of_a_single_row_are_read_from_its_gradient(home: object) -> None:
    network = TASK.network()
    rows = public_rows("breast_cancer", "calibration")
    preparation = own_preparation(TASK, rows)
    read = invert(TASK, network.eval(), preparation, rows.x[:1], int(rows.y[0]))
    np.testing.assert_allclose(read, preparation(TASK, rows.x[:1])[0], rtol=1e-3, atol=1e-4)
    found = invert_row(TASK, network, preparation, rows)
    assert found.features > 0.999 and not found.drawn
    assert "cosine 1.000" in found.words()


def test_only_what_the_average_picture_does_not_show_counts_as_recovered() -> None:
    draw = np.random.default_rng(0)
    average, own = draw.random((2, 16, 16))
    assert own_likeness(2 * average + own, average + 3 * own, average) == pytest.approx(1.0)
    assert abs(own_likeness(average + 0.1 * draw.random((16, 16)), average + own, average)) < 0.3
    assert own_likeness(average, average + own, average) == 0.0


@pytest.mark.slow
def test_a_picture_is_drawn_from_the_gradient_of_one(home: object) -> None:
    task = get_task("pneumonia")
    rows = task.generate(6, seed=1)
    encoded = task.encode(rows.x)
    preparation = Preparation(np.zeros(encoded.shape[1], np.float32), encoded.mean(axis=0), encoded.std(axis=0) + 1e-3)
    found = invert_row(task, task.network(), preparation, rows)
    assert found.features > 0.999
    assert found.alike is not None and -1 <= found.alike <= 1
    assert base64.b64decode(found.drawn).startswith(b"\x89PNG") and found.drawn != found.original
