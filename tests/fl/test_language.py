"""A language model is federated like any other task: only its adapters are trained, and only they travel."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from data.table import Dataset
from fl import sites
from fl.evaluation import HeldOut
from fl.federation import executor_for, federate
from fl.grid import in_process
from fl.local import initial_weights, network_of
from fl.request import RequestError, RunRequest
from fl.watcher import Cancelled, Silent, Stop
from models.language import base as bases
from models.language.adapted import Adapted
from models.language.lora import aggregation_error, joined_by_svd
from models.preparation import Preparation
from models.stored import DamagedModel, read_model, write_weights
from models.tasks.medical_qa.task import TASK
from tests import tiny_language
from tests.fl.told import Told

SHORT = {"rounds": 2, "steps": 3, "benefit": False}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_language.save(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def small(home: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dataset]:
    """An installation whose base is tiny and whose data are few."""
    monkeypatch.setenv("MEDHIVE_LORA_RANK", "4")
    with tiny_language.installed(tiny, monkeypatch) as made:
        yield made


def request(**more: object) -> RunRequest:
    return RunRequest.for_task(TASK, **{**SHORT, **more})


def test_held_out_answers_of_every_site_cost_less_after_training(small: Dataset) -> None:
    kept = Told()
    outcome = federate(request(rounds=2, steps=20, learning_rate=0.05), watcher=kept, stop=Stop())

    assert executor_for(request()) == outcome.executor == "in-process"
    first, last = kept.results[0].metrics, kept.results[-1].metrics
    for name in tiny_language.SITES:
        assert last[f"loss at {name}"] < first[f"loss at {name}"]
    assert outcome.scores["loss"].low < outcome.scores["loss"].value < outcome.scores["loss"].high
    assert outcome.scores["perplexity"].value == pytest.approx(np.exp(outcome.scores["loss"].value))


def test_only_the_trained_factors_travel_and_averaging_them_is_exact(small: Dataset) -> None:
    kept = Told()
    federate(request(), watcher=kept, stop=Stop())

    net = network_of("medical_qa")
    ranks = 2 * 4 * (16 + 8)  # two layers, rank 4, B of queries (16) and values (8)
    assert len(net.weights) == ranks and all(parameter.requires_grad for parameter in net.network.parameters())
    assert 4 * ranks < kept.results[-1].bytes_up < 4 * ranks + 200
    assert kept.results[-1].metrics["aggregation_error"] < 1e-6


def test_averaging_both_factors_is_not_exact_and_the_error_is_told(
    small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDHIVE_LORA_TRAINS", "ab")
    tiny_language.forget()
    averaged, decomposed = Told(), Told()
    wild = {"learning_rate": 0.3, "rounds": 1, "steps": 20}
    federate(request(**wild), watcher=averaged, stop=Stop())
    federate(request(**wild, strategy="lora_svd"), watcher=decomposed, stop=Stop())

    error, least = (each.results[-1].metrics["aggregation_error"] for each in (averaged, decomposed))
    assert error > 0.01 and least < error


def test_the_decomposition_is_the_best_of_its_rank(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDHIVE_LORA_TRAINS", "ab")
    tiny_language.forget()
    net, random = network_of("medical_qa"), np.random.default_rng(0)
    sent = random.standard_normal((3, len(net.weights))).astype(np.float32)
    shares, factors = np.array([0.5, 0.3, 0.2]), net.network.factors
    joined = joined_by_svd(factors, sent, shares)
    error = aggregation_error(factors, sent, shares, joined)
    assert 0 < error < aggregation_error(factors, sent, shares, (shares @ sent).astype(np.float32))
    same = np.repeat(sent[:1], 3, axis=0)
    assert aggregation_error(factors, same, shares, joined_by_svd(factors, same, shares)) < 1e-5


def test_the_base_is_shared_and_never_changes(small: Dataset) -> None:
    before = {name: tensor.clone() for name, tensor in bases.base().model.named_parameters()}
    federate(request(), watcher=Silent(), stop=Stop())
    model = network_of("medical_qa").network.model
    mine = dict(model.named_parameters())
    for name, tensor in bases.base().model.named_parameters():
        assert torch.equal(tensor, before[name])
    shared = {tensor.data_ptr() for tensor in bases.base().model.parameters()}
    assert sum(tensor.data_ptr() in shared for tensor in mine.values()) == len(before)


def test_a_fresh_network_is_the_base_and_a_trained_one_is_not(small: Dataset) -> None:
    heldout = HeldOut(TASK, Preparation.none())
    fresh = initial_weights(TASK, 0)
    assert not fresh.any()
    row = HeldOut(TASK, Preparation.none())._x[:1]
    tokens = row.long().abs() - 1
    tokens = tokens[:, : int((row != 0).sum())]
    with torch.no_grad():
        chances = bases.base().model(input_ids=tokens).logits.log_softmax(-1)[0, :-1]
    answer = (row[0, 1 : tokens.shape[1]] > 0).numpy()
    cost = -chances.gather(1, tokens[0, 1:, None]).squeeze(1).numpy()[answer]
    np.testing.assert_allclose(heldout.logits(fresh)[0], [cost.sum(), answer.sum()], rtol=1e-4)


@pytest.mark.slow
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
        {"secure_aggregation": True},
        {"dp_epsilon": 50.0, "steps": 2, "rounds": 1},
        pytest.param({"drop": 0.4, "quorum": 0.1}, marks=pytest.mark.slow),
        {"strategy": "agentic", "rounds": 1, "attack": "sign_flip:0.34"},
        pytest.param({"partition": "dirichlet:0.5", "sites": 5}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_the_engine_treats_adapters_as_any_weights(small: Dataset, more: dict[str, object]) -> None:
    outcome = federate(request(**more), watcher=Silent(), stop=Stop())
    assert np.isfinite(outcome.weights).all() and outcome.weights.any()


@pytest.mark.slow
def test_adapters_trained_in_threads_have_the_bits_of_one_after_the_other(
    small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = []
    for threads in (1, 3, 3, 3):
        monkeypatch.setattr(in_process, "threads_for", lambda task, sites, threads=threads: threads)
        weights.append(federate(request(executor="in-process"), watcher=Silent(), stop=Stop()).weights)
    assert all(np.array_equal(weights[0], each) for each in weights[1:])


@pytest.mark.slow
def test_actors_train_adapters_to_the_weights_of_one_process(
    home: Path, tiny: Path, datasets: Path, computed_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDHIVE_LANGUAGE_MODEL", str(tiny))  # the data are the real ones: actors read them anew
    tiny_language.forget()
    one, other = (
        federate(request(rounds=1, executor=executor), watcher=Silent(), stop=Stop()).weights
        for executor in ("in-process", "ray")
    )
    np.testing.assert_allclose(other, one, atol=1e-6)
    tiny_language.forget()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"executor": "vectorised"}, "choose auto or ray"),
        ({"attack": "label_flip:0.3"}, "of which medical_qa has none"),
        ({"strategy": "lora_svd"}, "choose fedavg, or set it to ab"),
    ],
)
def test_what_a_language_task_cannot_do_is_refused(more: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        request(**more).validated()


def test_steps_cap_a_round(small: Dataset) -> None:
    one = federate(request(rounds=1, steps=1), watcher=Silent(), stop=Stop()).weights
    two = federate(request(rounds=1, steps=2), watcher=Silent(), stop=Stop()).weights
    assert not np.array_equal(one, two)


def test_an_adapter_is_kept_and_refused_on_another_base(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = federate(request(rounds=1), watcher=Silent(), stop=Stop())
    sha256 = write_weights(tmp_path / "kept", TASK, outcome.weights, outcome.preparation, outcome.calibration, {})
    model = read_model(tmp_path / "kept", TASK, sha256)
    rows = sites.public_rows("medical_qa", "heldout")
    np.testing.assert_allclose(
        model.logits(rows.x), HeldOut(TASK, outcome.preparation).logits(outcome.weights), rtol=1e-4
    )
    monkeypatch.setenv("MEDHIVE_LANGUAGE_MODEL", str(tiny_language.save(tmp_path / "other", "mistral")))
    tiny_language.forget()
    with pytest.raises(DamagedModel, match="another network"):
        read_model(tmp_path / "kept", TASK, sha256)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mistral", "gpt2"])
def test_another_architecture_without_a_chat_template_trains_too(
    kind: str, small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tiny_language.save(tmp_path / kind, kind, chat=False)
    monkeypatch.setenv("MEDHIVE_LANGUAGE_MODEL", str(place))
    tiny_language.forget()
    outcome = federate(request(rounds=1), watcher=Silent(), stop=Stop())
    assert outcome.weights.any()


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_layers_that_are_computed_again_give_the_same_gradients_though_adapters_leave_out_half(
    kind: str, small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDHIVE_LANGUAGE_MODEL", str(tiny_language.save(tmp_path / kind, kind)))
    monkeypatch.setenv("MEDHIVE_LORA_DROPOUT", "0.5")
    monkeypatch.setenv("MEDHIVE_LORA_TRAINS", "ab")
    gradients, computed = [], []
    for checkpointing in ("0", "1"):
        monkeypatch.setenv("MEDHIVE_LANGUAGE_CHECKPOINTING", checkpointing)
        tiny_language.forget()
        network = TASK.network().train()
        assert isinstance(network, Adapted)
        computed.append(0)
        attention = next(module for name, module in network.model.named_modules() if name.endswith("attn"))
        attention.register_forward_hook(lambda *_: computed.append(computed.pop() + 1))
        for dropout in network.dropouts:
            dropout.generator = torch.Generator().manual_seed(3)  # type: ignore[assignment]
        with torch.no_grad():
            for weight in network.parameters():
                weight.add_(torch.linspace(-0.1, 0.1, weight.numel()).view_as(weight))
        network(torch.from_numpy(small.x[:4]))[:, 0].sum().backward()
        gradients.append(
            torch.cat([weight.grad.flatten() for weight in network.parameters() if weight.grad is not None])
        )
        assert len(gradients[-1]) == sum(weight.numel() for weight in network.parameters())
        with torch.no_grad():
            network.eval()(torch.from_numpy(small.x[:4]))
    assert computed == [2, 3]  # once to train and once not, and once again for the gradients
    assert gradients[0].abs().sum() > 0
    torch.testing.assert_close(gradients[0], gradients[1])


def test_four_bits_without_their_library_and_a_base_that_is_none_are_said_in_a_sentence(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDHIVE_LANGUAGE_BITS", "4")
    tiny_language.forget()
    with pytest.raises(RequestError, match="needs bitsandbytes"):
        federate(request(), watcher=Silent(), stop=Stop())
    monkeypatch.setenv("MEDHIVE_LANGUAGE_BITS", "32")
    monkeypatch.setenv("MEDHIVE_LANGUAGE_MODEL", str(tmp_path))
    tiny_language.forget()
    with pytest.raises(RequestError, match="no causal language model"):
        federate(request(), watcher=Silent(), stop=Stop())


def test_steps_are_the_same_stacked_and_one_by_one(home: Path) -> None:
    asked = RunRequest(task="breast_cancer", sites=4, rounds=2, local_epochs=3, steps=7, benefit=False)
    one, other = (
        federate(replace(asked, executor=kind), watcher=Silent(), stop=Stop()) for kind in ("in-process", "vectorised")
    )
    np.testing.assert_allclose(one.weights, other.weights, rtol=0, atol=1e-5)
    assert one.rounds[-1].loss == pytest.approx(other.rounds[-1].loss, abs=1e-5)
