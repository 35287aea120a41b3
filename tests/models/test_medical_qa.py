"""The public questions and answers: sizes, no overlap between sites, none between the sides of the split."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from data.near_duplicates import nearly_the_same
from data.partition import hold_out, partition
from data.public import DataMissing
from data.texts import unpack
from fl.privacy.overlap import near_overlap, overlap
from models.encoding import encoded
from models.language.base import base
from models.registry import get_task
from models.stored import read_alone, read_manifest
from models.tasks.medical_qa import records
from models.tasks.medical_qa.kinds import KINDS, kind_of
from models.tasks.medical_qa.records import SIZES, Record, plain
from settings import get_settings

TASK = get_task("medical_qa")


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What are the symptoms of gout?", "symptoms"),
        ("How is gout treated?", "treatment"),
        ("What causes gout?", "causes and risks"),
        ("What is gout?", "what it is"),
        ("When to seek urgent medical care when I have gout?", "when to seek help"),
        ("What to expect if I have gout?", "outlook"),
        ("Hello?", "something else"),
    ],
)
def test_a_question_tells_what_it_asks_for(question: str, kind: str) -> None:
    assert KINDS[kind_of(question)] == kind


def test_a_question_that_two_sites_have_is_never_held_out_and_one_question_is_on_one_side() -> None:
    made = [Record(f"What is disease {n // 2}?", "answer", "WikiDoc" if n % 3 else "Genetics") for n in range(300)]
    made += [Record("What is  DISEASE 0", "answer", "Institutes")]
    sizes = {"WikiDoc": 60, "Genetics": 40, "Institutes": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "SIZES", sizes)
        parts = records._parts(made)
    sides: dict[str, set[int]] = {}
    for each, part in zip(made, parts, strict=True):
        sides.setdefault(plain(each.question), set()).add(part)
    assert all(len(found) == 1 for found in sides.values())
    assert sides["what is disease 0"] == {0}


def test_without_the_files_a_sentence_says_where_to_get_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDHIVE_DATASETS", raising=False)
    get_settings.cache_clear()
    with pytest.raises(DataMissing, match=r"medquad/medquad\.jsonl is not here: get it from https://"):
        TASK.public()


@pytest.mark.slow
def test_three_sites_share_no_record_and_none_that_is_nearly_the_same(
    home: Path, datasets: Path, computed_once: None
) -> None:
    public = TASK.public()
    split = hold_out(public)
    parts = partition(public.take(split.training), "natural", 3, 0)
    assert {name: len(index) for name, index in parts} == SIZES
    sites = [public.take(split.training[index]) for _, index in parts]
    assert overlap(sites) == 0
    digests = [set(site.row_hashes) for site in sites]
    assert not any(one & other for one, other in combinations(digests, 2))
    texts = [answer[: records.SEEN] for _, answer in unpack(public.x)]
    assert nearly_the_same(texts) == []

    questions = [{public.groups[i] for i in part} for part in (split.training, split.calibration, split.heldout)]
    assert not any(one & other for one, other in combinations(questions, 2))
    scored = TASK.scored(public.take(split.heldout))
    assert Counter(scored.natural_sites) == dict.fromkeys(SIZES, 24)


@pytest.mark.slow
def test_twenty_sites_of_any_division_share_nothing_either(home: Path, datasets: Path, computed_once: None) -> None:
    public = TASK.public()
    rows = public.take(hold_out(public).training)
    for how in ("iid", "dirichlet:0.3", "skew:50"):
        sites = [rows.take(index) for _, index in partition(rows, how, 20, 1)]
        assert len(sites) == 20 and overlap(sites) == 0 and sum(map(len, sites)) == sum(SIZES.values())


@pytest.mark.slow
def test_the_packaged_base_is_converted_once_and_foresees_answers(
    home: Path, datasets: Path, computed_once: None
) -> None:
    found = base()
    assert sum(tensor.numel() for tensor in found.model.parameters()) == 134_515_008
    assert (home / "language" / "SmolLM2-135M-Instruct" / "model.safetensors").exists()
    network = TASK.network()
    assert sum(tensor.numel() for tensor in network.parameters()) == 30 * 8 * (576 + 192)
    public = TASK.public()
    rows = encoded(TASK, TASK.scored(public.take(hold_out(public).heldout)).take(np.arange(4)))
    assert near_overlap([rows, rows]) == 1
    with torch.no_grad():
        cost, tokens = network.eval()(torch.from_numpy(rows.x)).sum(0).tolist()
    assert tokens > 100 and 1.0 < cost / tokens < 4.0  # a model that knows nothing has 10.8


def test_what_each_site_has_alone_comes_with_the_shipped_adapters() -> None:
    manifest = read_manifest(TASK.folder)
    alone = read_alone(TASK.folder, manifest["sha256"])
    assert sorted(alone) == sorted(SIZES)
    assert {own.shape for own in alone.values()} == {(30 * 8 * (576 + 192),)}
    assert not any(np.array_equal(one, other) for one, other in combinations(alone.values(), 2))
    losses = {name: scores["local"]["loss"]["value"] for name, scores in manifest["benefit"].items()}
    assert sorted(losses) == sorted(alone)
    card = (TASK.folder / "card.md").read_text(encoding="utf-8")
    assert all(f"| {name} alone | {loss:.3f} " in card for name, loss in losses.items())
