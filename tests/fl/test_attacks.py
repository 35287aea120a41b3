"""Sites that go wrong on purpose: what they send, who they are, and that a run says so."""

from dataclasses import replace

import numpy as np
import pytest

from fl import sites
from fl.attacks import KINDS, LIE, Attack, parse_attack
from fl.federation import federate
from fl.request import RequestError, RunRequest
from fl.result import command_of
from fl.watcher import Stop
from models.registry import get_task
from tests.fl.told import Told

START = np.zeros(200, dtype=np.float32)
HONEST = np.random.default_rng(0).standard_normal(200).astype(np.float32)
SMALL = RunRequest("breast_cancer", sites=10, rounds=2, learning_rate=3e-3, benefit=False)


def sent(kind: str, position: int = 0, round: int = 1) -> tuple[np.ndarray, float]:
    return Attack(kind, 0.3).update(START, HONEST, 1.0, seed=5, round=round, position=position)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_each_kind_sends_what_it_says() -> None:
    size = np.linalg.norm(HONEST)
    np.testing.assert_array_equal(sent("sign_flip")[0], -HONEST)
    np.testing.assert_allclose(sent("scaled")[0], 20 * HONEST, rtol=1e-6)
    assert np.linalg.norm(sent("gaussian")[0]) == pytest.approx(10 * size, rel=1e-5)
    assert abs(cosine(sent("gaussian")[0], HONEST)) < 0.3
    assert sent("label_flip") == (pytest.approx(HONEST), 1.0)


def test_accomplices_send_the_same_in_every_round() -> None:
    np.testing.assert_array_equal(sent("colluding", 0, 1)[0], sent("colluding", 4, 9)[0])
    assert not np.array_equal(sent("gaussian", 0)[0], sent("gaussian", 4)[0])


def test_an_adaptive_attacker_looks_honest_in_size_and_direction_and_lies_about_its_loss() -> None:
    update, loss = sent("adaptive")
    assert np.linalg.norm(update) == pytest.approx(np.linalg.norm(HONEST), rel=1e-5)
    assert cosine(update, HONEST) == pytest.approx(np.cos(np.radians(75)), abs=1e-4)
    assert loss == LIE


def test_rows_are_spoiled_as_the_kind_says_and_codes_of_categories_stay() -> None:
    task = get_task("breast_cancer")
    rows = task.public().take(np.arange(60))
    flipped = Attack("label_flip", 0.3).rows(task, rows, 0, 0)
    np.testing.assert_array_equal(flipped.y, 1 - rows.y)
    noisy = Attack("label_noise", 0.3).rows(task, rows, 0, 0)
    assert 0.2 < (noisy.y != rows.y).mean() < 0.6
    np.testing.assert_allclose(Attack("units", 0.3).rows(task, rows, 0, 0).x, 10 * rows.x, rtol=1e-6)
    turned = Attack("inverted", 0.3).rows(task, rows, 0, 0)
    assert np.corrcoef(turned.x[:, 0], rows.x[:, 0])[0, 1] == pytest.approx(-1, abs=1e-4)
    heart = get_task("heart_disease")
    made = heart.generate(30)
    category = [at for at, column in enumerate(heart.schema.columns) if column.kind == "category"]
    np.testing.assert_array_equal(Attack("units", 0.3).rows(heart, made, 0, 0).x[:, category], made.x[:, category])


def test_who_attacks_follows_from_the_seed(home: object) -> None:
    request = replace(SMALL, attack="sign_flip:0.3")
    assert len(sites.attackers(request)) == 3
    assert sites.attackers(request) == sites.attackers(replace(request, strategy="krum"))
    assert sites.attackers(request) != sites.attackers(replace(request, seed=1))
    assert not sites.attackers(SMALL)


def test_a_run_names_its_attackers_and_they_spoil_it_the_same_way_each_time(home: object) -> None:
    request, told = replace(SMALL, attack="colluding:0.3"), Told()
    first = federate(request, watcher=told, stop=Stop())
    again = federate(request, watcher=Told(), stop=Stop())
    honest = federate(SMALL, watcher=Told(), stop=Stop())
    assert np.array_equal(first.weights, again.weights)
    assert not np.array_equal(first.weights, honest.weights)
    named = [sites.roster(request)[position].name for position in sorted(sites.attackers(request))]
    assert f"Trial of colluding: {', '.join(named)} will go wrong on purpose." in told.events


@pytest.mark.parametrize("kind", ["label_noise", "adaptive"])
def test_one_site_after_the_other_attacks_as_many_at_once_do(home: object, kind: str) -> None:
    request = replace(SMALL, attack=f"{kind}:0.3", executor="in-process")
    one = federate(request, watcher=Told(), stop=Stop())
    other = federate(replace(request, executor="vectorised"), watcher=Told(), stop=Stop())
    np.testing.assert_allclose(one.weights, other.weights, rtol=0, atol=1e-5)


def test_updates_beyond_the_checks_are_refused_whoever_sends_them(home: object, monkeypatch: object) -> None:
    monkeypatch.setattr("fl.attacks.SCALE", 500.0)  # type: ignore[attr-defined]
    outcome = federate(replace(SMALL, attack="scaled:0.3"), watcher=Told(), stop=Stop())
    assert [len(result.failures) for result in outcome.rounds] == [0, 3, 3]


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        ("bribe:0.3", 'unknown attack "bribe:0.3": write KIND:FRACTION'),
        ("sign_flip", "is no part of the sites: give a number above 0 and below 1, as in sign_flip:0.3"),
        ("sign_flip:1", '"1" is no part of the sites'),
    ],
)
def test_a_wrong_attack_is_refused_with_what_would_be_right(attack: str, words: str) -> None:
    with pytest.raises(RequestError) as refused:
        replace(SMALL, attack=attack).validated()
    assert words in str(refused.value)


def test_contributed_data_are_never_attacked() -> None:
    with pytest.raises(RequestError, match="attack is a trial with demo sites"):
        replace(SMALL, sites=0, datasets=(1,), attack="units:0.3").validated()


def test_every_kind_is_explained_and_can_be_asked_for() -> None:
    for kind, words in KINDS.items():
        assert words
        assert parse_attack(f"{kind}:0.2") == Attack(kind, 0.2)
    assert "--attack" not in command_of(SMALL)
    assert "--attack units:0.1" in command_of(replace(SMALL, attack="units:0.1"))


def test_a_site_in_other_units_is_named_and_does_not_spoil_how_inputs_are_standardised() -> None:
    told = Told()
    units = replace(SMALL, rounds=1, attack="units:0.1")
    spoilt = federate(units, watcher=told, stop=Stop())
    clean = federate(replace(units, attack=""), watcher=Told(), stop=Stop())
    (said,) = [event for event in told.events if "another unit" in event]
    (attacker,) = Attack("units", 0.1).positions(10, units.seed)
    assert said.startswith(told.names[attacker].name)
    np.testing.assert_allclose(spoilt.preparation.scale, clean.preparation.scale, rtol=0.2)
