"""What is shipped is what its manifest says: the bytes, the data, and the figures, in manifest and card alike."""

import hashlib

import numpy as np
import pytest

from models.card import figures
from models.comparison import evaluate, heldout_rows
from models.registry import get_task, task_names
from models.stored import WEIGHTS, read_manifest, read_model
from models.token_metrics import AT

NAMES = [name for name in task_names() if (get_task(name).folder / WEIGHTS).exists()]
ADAPTED = [name for name in NAMES if get_task(name).adapts]
LANGUAGE = [name for name in NAMES if get_task(name).generates]  # whose base takes seconds to read
ENCODED = [name for name in NAMES if get_task(name).encoder and name not in LANGUAGE]  # which takes up to a minute
TABLES = [name for name in NAMES if name not in (*ENCODED, *LANGUAGE)]
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in (*ENCODED, *LANGUAGE)]


@pytest.fixture(autouse=True)
def _data(home: object, datasets: object, computed_once: None) -> None:
    """heart_disease needs its files."""


@pytest.mark.parametrize(
    "name", [*TABLES, *ENCODED, *(pytest.param(name, marks=pytest.mark.slow) for name in LANGUAGE)]
)
def test_sha256_and_fingerprint_are_those_of_the_files_and_the_data(name: str) -> None:
    task = get_task(name)
    manifest = read_manifest(task.folder)
    assert hashlib.sha256((task.folder / "weights.safetensors").read_bytes()).hexdigest() == manifest["sha256"]
    assert manifest["data"]["fingerprint"] == task.public().fingerprint
    made = (f"python -m models train {name} --federated", f"python -m fl run --task {name} ")  # long ones by a run
    assert manifest["shipped"] and manifest["task"] == name and manifest["command"].startswith(made)


@pytest.mark.parametrize("name", [*TABLES, *SLOW])
def test_the_shipped_champion_has_the_scores_of_its_manifest(name: str) -> None:
    task = get_task(name)
    manifest = read_manifest(task.folder)
    model, rows = read_model(task.folder, task, manifest["sha256"]), heldout_rows(task)
    assert manifest["n"] == len(rows)
    if name in LANGUAGE:  # the rows of all its hospitals take a minute and a half
        sites = np.array(rows.natural_sites)
        loss = evaluate(model, rows.take(np.flatnonzero(sites == sites[0])))["loss"].value
        assert loss == pytest.approx(manifest["scores"][f"{AT}{sites[0]}"]["value"], abs=1e-3)
        return
    for metric, score in evaluate(model, rows).items():
        assert score.as_json() == pytest.approx(manifest["scores"][metric], abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_holds_the_figures_of_the_manifest(name: str) -> None:
    assert figures(read_manifest(get_task(name).folder)) in get_task(name).card


@pytest.mark.parametrize("name", ADAPTED)
def test_held_out_rows_cost_less_at_every_site_than_before_training(name: str) -> None:
    curve = read_manifest(get_task(name).folder)["curve"]
    assert [each["round"] for each in curve] == list(range(len(curve))) and len(curve) > 1
    for metric in curve[0].keys() - {"round"}:
        assert curve[-1][metric] < curve[0][metric]


def test_the_shipped_champions_reach_what_was_aimed_at() -> None:
    scores = {name: read_manifest(get_task(name).folder)["scores"] for name in NAMES}
    assert scores["breast_cancer"]["auc"]["value"] >= 0.99
    assert scores["heart_disease"]["accuracy"]["value"] >= 0.795  # FLamby's pooled model, on its own split
    assert scores["vitals"]["auc"]["value"] >= 0.95


@pytest.mark.slow
def test_the_command_makes_the_shipped_model_again(tmp_path: object) -> None:
    from pathlib import Path

    from models.__main__ import main

    out = Path(str(tmp_path))
    assert main(["train", "breast_cancer", "--federated", "--out", str(out)]) == 0
    task = get_task("breast_cancer")
    again, shipped = read_manifest(out / "breast_cancer"), read_manifest(task.folder)
    rows = heldout_rows(task).x
    first = read_model(out / "breast_cancer", task, again["sha256"]).probability(rows)
    assert first == pytest.approx(read_model(task.folder, task, shipped["sha256"]).probability(rows), abs=1e-3)
    assert "held-out real rows" in (out / "breast_cancer" / "card.md").read_text()
