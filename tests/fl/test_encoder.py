"""An encoder with adapters is federated like any other network: adapters and head are trained, and only they travel."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from data.table import Dataset
from fl import sites
from fl.evaluation import HeldOut
from fl.federation import executor_for, federate
from fl.local import initial_weights, network_of
from fl.privacy.examples import gradients_of_each
from fl.request import RequestError, RunRequest
from fl.watcher import Cancelled, Silent, Stop
from models.language.encoder import encoder, encoder_name
from models.preparation import Preparation
from models.stored import DamagedModel, read_model, write_weights
from models.tasks.question_type.task import TASK
from tests import tiny_encoder, tiny_language
from tests.fl.told import Told

HEAD = 16 * 13 + 13
ADAPTERS = 2 * 2 * 4 * 16  # two layers, queries and values, rank 4, B of 16 rows


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder.save(tmp_path_factory.mktemp("distilbert"))


@pytest.fixture
def small(home: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dataset]:
    """An installation whose encoder is a tiny DistilBERT and whose data are few."""
    monkeypatch.setenv("MEDHIVE_LORA_RANK", "4")
    with tiny_encoder.installed(tiny, monkeypatch) as made:
        yield made


def request(**more: object) -> RunRequest:
    return RunRequest.for_task(TASK, **{"rounds": 2, "steps": 3, "benefit": False, **more})


def test_held_out_questions_of_every_site_cost_less_after_training(small: Dataset) -> None:
    kept = Told()
    outcome = federate(request(steps=12, batch_size=6, learning_rate=0.03), watcher=kept, stop=Stop())

    assert executor_for(request()) == outcome.executor == "in-process"
    first, last = kept.results[0].metrics, kept.results[-1].metrics
    for name in tiny_language.SITES:
        assert last[f"loss at {name}"] < first[f"loss at {name}"]
    assert {"accuracy", "f1", "auc", "ece"} <= set(outcome.scores) and len(outcome.classes) == 13


def test_adapters_and_head_travel_and_nothing_of_the_encoder(small: Dataset) -> None:
    kept = Told()
    federate(request(), watcher=kept, stop=Stop())

    net = network_of("question_type")
    assert len(net.weights) == ADAPTERS + HEAD
    assert 4 * len(net.weights) < kept.results[-1].bytes_up < 4 * len(net.weights) + 200
    assert kept.results[-1].metrics["aggregation_error"] < 1e-6
    inside = {tensor.data_ptr() for tensor in encoder().model.parameters()}
    assert sum(tensor.data_ptr() in inside for tensor in net.network.model.parameters()) == len(inside)


def test_both_factors_can_be_trained_and_joined_by_decomposition(
    small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDHIVE_LORA_TRAINS", "ab")
    tiny_language.forget()
    wild = {"learning_rate": 0.3, "rounds": 1, "steps": 6, "batch_size": 2}
    averaged, decomposed = Told(), Told()
    federate(request(**wild), watcher=averaged, stop=Stop())
    federate(request(**wild, strategy="lora_svd"), watcher=decomposed, stop=Stop())
    error, least = (each.results[-1].metrics["aggregation_error"] for each in (averaged, decomposed))
    assert error > 0.01 and least < error
    one, other = (each.snapshots[-1].weights[-HEAD:] for each in (averaged, decomposed))
    np.testing.assert_allclose(one, other, atol=1e-6)  # what is no adapter is averaged


def test_a_run_that_was_interrupted_goes_on_to_the_same_bits(small: Dataset) -> None:
    whole, stop = Told(), Stop()
    federate(request(rounds=3), watcher=whole, stop=Stop())
    cut = Told(on=lambda what: stop.set() if what == "round 1" else None)
    with pytest.raises(Cancelled):
        federate(request(rounds=3), watcher=cut, stop=stop)
    on = federate(request(rounds=3), watcher=Silent(), stop=Stop(), start=cut.snapshots[-1])
    assert np.array_equal(on.weights, whole.snapshots[-1].weights)


@pytest.mark.parametrize(
    "more",
    [
        {"secure_aggregation": True, "rounds": 1},
        {"dp_epsilon": 50.0, "steps": 2, "rounds": 1},
        {"strategy": "agentic", "rounds": 1, "attack": "label_flip:0.34"},
        {"partition": "dirichlet:0.5", "sites": 4, "rounds": 1, "drop": 0.3, "quorum": 0.1},
    ],
    ids=str,
)
def test_the_engine_treats_adapters_and_head_as_any_weights(small: Dataset, more: dict[str, object]) -> None:
    outcome = federate(request(**more), watcher=Silent(), stop=Stop())
    assert np.isfinite(outcome.weights).all() and outcome.weights[:ADAPTERS].any()


def test_each_row_has_a_gradient_of_its_own_for_privacy(small: Dataset) -> None:
    net = network_of("question_type")
    random = np.random.default_rng(0)
    net.load((initial_weights(TASK, 0) + 0.1 * random.standard_normal(len(net.weights))).astype(np.float32))
    net.network.eval()  # no dropout
    x = torch.from_numpy(TASK.encode(small.x[:3]))
    y = torch.from_numpy(small.y[:3])
    each = gradients_of_each(net)(x, y)
    net.gradient.zero_()
    net.loss(net.network(x), y).backward()
    torch.testing.assert_close(each.mean(0), net.gradient, atol=1e-6, rtol=1e-4)
    assert (each[:, :ADAPTERS].abs().sum(1) > 0).all()


def test_a_question_is_read_alike_whatever_lies_beside_it(small: Dataset) -> None:
    weights = initial_weights(TASK, 0)
    random = np.random.default_rng(0)
    weights = (weights + 0.1 * random.standard_normal(len(weights))).astype(np.float32)
    rows = sites.public_features("question_type")
    together = HeldOut(TASK, Preparation.none(), rows).logits(weights)
    for place in (0, 17, 59):
        alone = HeldOut(TASK, Preparation.none(), rows.take(np.array([place]))).logits(weights)
        np.testing.assert_allclose(alone[0], together[place], atol=1e-5)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"executor": "vectorised"}, "choose auto or ray"),
        ({"attack": "units:0.3"}, "changes numbers, of which question_type has none"),
        ({"strategy": "lora_svd"}, "choose fedavg, or set it to ab"),
    ],
)
def test_what_a_task_with_adapters_cannot_do_is_refused(more: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        request(**more).validated()


def test_adapters_are_kept_and_refused_on_another_encoder(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = federate(request(rounds=1), watcher=Silent(), stop=Stop())
    sha256 = write_weights(tmp_path / "kept", TASK, outcome.weights, outcome.preparation, outcome.calibration, {})
    rows = sites.public_rows("question_type", "heldout")
    ours = read_model(tmp_path / "kept", TASK, sha256).logits(rows.x)
    np.testing.assert_allclose(ours, HeldOut(TASK, outcome.preparation).logits(outcome.weights), atol=1e-5)
    monkeypatch.setenv("MEDHIVE_ENCODER_MODEL", str(tiny_encoder.save(tmp_path / "bert", "bert")))
    tiny_language.forget()
    assert encoder_name() == "bert"
    with pytest.raises(DamagedModel, match="another network"):
        read_model(tmp_path / "kept", TASK, sha256)


def test_a_bert_trains_too_and_layers_named_for_another_base_are_passed_over(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDHIVE_ENCODER_MODEL", str(tiny_encoder.save(tmp_path / "bert", "bert")))
    monkeypatch.setenv("MEDHIVE_LORA_LAYERS", "q_proj, v_proj, key")
    tiny_language.forget()
    outcome = federate(request(rounds=1), watcher=Silent(), stop=Stop())
    assert len(outcome.weights) == ADAPTERS // 2 + HEAD  # keys alone
    monkeypatch.setenv("MEDHIVE_LORA_LAYERS", "q_proj")
    tiny_language.forget()
    assert len(network_of("question_type").weights) == ADAPTERS + HEAD


def test_a_folder_that_holds_no_encoder_is_said_in_a_sentence(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDHIVE_ENCODER_MODEL", str(tmp_path))
    tiny_language.forget()
    with pytest.raises(RequestError, match="which is no encoder here"):
        federate(request(), watcher=Silent(), stop=Stop())
