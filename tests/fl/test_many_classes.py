"""A task of three classes, and one whose rows pass an encoder first, go the whole way."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from data.partition import hold_out
from fl import sites
from fl.federation import executor_for, federate
from fl.local import FlatNetwork, Recipe, network_of, train
from fl.request import RunRequest
from fl.together import Rows, can_stack, train_together
from fl.watcher import Silent, Stop
from models import registry
from models.predict import predict
from models.stored import read_model, write_weights
from models.versions import promote, save_version
from settings import get_settings
from tests.fl import flowers


@pytest.fixture
def task(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[flowers.Flowers]:
    folder = tmp_path / "tasks" / "flowers"
    folder.mkdir(parents=True)
    (folder / "task.py").write_text("from tests.fl.flowers import TASK\n__all__ = ['TASK']\n")
    monkeypatch.setenv("MEDHIVE_TASKS", str(folder.parent))
    monkeypatch.setattr("models.tasks.__path__", list(registry.models.tasks.__path__))
    for cached in (get_settings, registry._load, sites.public_split, sites.public_features, sites._public_parts):
        cached.cache_clear()
    yield flowers.TASK
    for cached in (registry._load, sites.public_split, sites.public_features, sites._public_parts):
        cached.cache_clear()


def request(executor: str = "auto", **more: object) -> RunRequest:
    return RunRequest.for_task(registry.get_task("flowers"), executor=executor, **more)


@pytest.mark.slow
def test_three_classes_are_learnt_together_calibrated_and_scored_with_intervals(task: flowers.Flowers) -> None:
    assert executor_for(request()) == "vectorised"

    outcome = federate(request(), watcher=Silent(), stop=Stop())

    assert set(outcome.scores) == {"auc", "accuracy", "f1", "loss", "ece"}
    assert outcome.scores["accuracy"].value > 0.85
    assert outcome.scores["auc"].low <= outcome.scores["auc"].value <= outcome.scores["auc"].high
    assert [each["name"] for each in outcome.classes] == list(task.classes)
    assert sum(each["n"] for each in outcome.classes) == outcome.n_heldout == 30
    assert outcome.benefit[0]["local"]["accuracy"]["value"] > 0.5 and outcome.benefit[-1]["pooled"]["f1"]["value"] > 0.8


def test_executors_agree_on_three_classes(task: flowers.Flowers) -> None:
    short = {"rounds": 3, "benefit": False}
    one, other = (
        federate(request(kind, **short), watcher=Silent(), stop=Stop()).weights for kind in ("in-process", "vectorised")
    )
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


def test_a_row_is_encoded_once_for_all_runs_and_one_group_is_on_one_side(task: flowers.Flowers, home: Path) -> None:
    federate(request(rounds=1, benefit=False), watcher=Silent(), stop=Stop())
    sites.public_features.cache_clear()
    before = type(task).encodings
    federate(request(rounds=1, seed=1, benefit=False), watcher=Silent(), stop=Stop())

    assert type(task).encodings - before <= 2  # two rows tell which executor can take the network
    assert len(list((home / "features").iterdir())) == 1
    public = task.public()
    split = hold_out(public)
    sides = [{public.groups[row] for row in part} for part in (split.training, split.calibration, split.heldout)]
    assert public.groups is not None and not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])


def test_a_version_keeps_its_calibration_by_class_and_answers_with_every_class(
    task: flowers.Flowers, tmp_path: Path
) -> None:
    outcome = federate(request(rounds=8, benefit=False), watcher=Silent(), stop=Stop())
    model = outcome.weights, outcome.preparation, outcome.calibration
    digest = write_weights(tmp_path, task, *model, {})
    again = read_model(tmp_path, task, digest)
    rows = sites.public_rows("flowers", "heldout")
    np.testing.assert_array_equal(again.probability(rows.x).sum(axis=1).round(9), np.ones(30))

    version = save_version(task, *model, run_id=None, manifest={"task": "flowers", "data": {}})
    promote(version.id, reason="the first", by=None)
    answers = predict(task, rows.x, explain=False)

    assert np.mean([each.chosen == y for each, y in zip(answers, rows.y, strict=True)]) > 0.8
    for each in answers:
        assert each.answer == f"Probably {task.classes[each.chosen]}."
        assert each.probability == max(chance.probability for chance in each.chances)
        assert all(chance.low <= chance.probability <= chance.high for chance in each.chances)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_sites_of_three_classes_learn_together_what_each_learns_alone(optimiser: str) -> None:
    def net() -> FlatNetwork:
        torch.manual_seed(3)
        return FlatNetwork(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)))

    torch.manual_seed(5)
    data = [((x := torch.randn(count, 4)), x[:, :3].argmax(dim=1)) for count in (5, 31, 12)]
    recipe, start = Recipe(2, 8, 0.01, optimiser, weight_decay=0.01, proximal_mu=0.5), net().take()  # type: ignore[arg-type]
    assert can_stack(net(), data[0][0])
    weights, losses = train_together(net(), Rows.of(data), start, recipe, seeds=range(3))
    for site, (x, y) in enumerate(data):
        alone = net()
        loss = train(alone, x, y, start, recipe, seed=site)
        np.testing.assert_allclose(weights[site], alone.take(), rtol=0, atol=1e-5)
        assert losses[site] == pytest.approx(loss, abs=1e-5)


def test_networks_are_kept_by_task(task: flowers.Flowers) -> None:
    assert network_of("flowers").network(torch.zeros(2, 4)).shape == (2, 3)
