"""A language model is examined on held-out questions beside its base: what answers cost, what it writes and chooses."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data.database import RoundRecord, transaction
from data.table import Dataset
from fl.request import RunRequest
from fl.runs import submit
from models.__main__ import main
from models.card import figures
from models.language.backing import backed_by_reference
from models.language.examination import choices, paper, report, sit
from models.language.likeness import mean_interval, rouge_l
from models.stored import read_manifest
from models.tasks.medical_qa.task import TASK
from models.versions import alone_weights, get_version, load_model
from models.weights import flat_weights
from settings import get_settings
from tests import tiny_language


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_language.save(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def small(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dataset]:
    with tiny_language.installed(folder, monkeypatch) as made:
        yield made


def test_rouge_l_is_the_f1_of_the_longest_common_run_of_words() -> None:
    assert rouge_l("the cat sat on the mat", "The cat sat on the mat.") == 1.0
    assert rouge_l("a dog", "the cat sat") == 0.0
    assert rouge_l("the cat ran", "the cat sat on a mat") == pytest.approx(2 * 2 / (3 + 6))
    assert rouge_l("", "the cat") == 0.0


def test_a_mean_lies_within_its_interval_which_narrows_with_more_values() -> None:
    random = np.random.default_rng(0)
    few, many = mean_interval(random.random(10)), mean_interval(random.random(1000))
    assert few.low < few.value < few.high and many.high - many.low < few.high - few.low


def test_a_reference_backs_its_own_sentence_and_not_another() -> None:
    reference = "Gout causes sudden severe pain in the big toe. It is caused by uric acid crystals."
    question = "What are the symptoms of gout?"
    assert backed_by_reference(question, reference, "Gout causes sudden severe pain in the big toe.").backed == 1
    wrong = backed_by_reference(question, reference, "Gout is cured by drinking sea water every day.")
    assert (wrong.backed, wrong.sentences, wrong.part) == (0, 1, 0.0)


def test_the_choices_have_one_right_answer_and_three_others() -> None:
    asked = choices(TASK)
    assert len(asked) == 40 and len({each.question for each in asked}) == 40
    for each in asked:
        assert len({each.right, *each.wrong}) == 4


@pytest.mark.slow
def test_every_figure_stands_beside_that_of_the_base_with_an_interval(small: Dataset) -> None:
    version = tiny_language.make_champion()
    asked = paper(TASK, written=1)
    assert set(asked.hospitals) == set(tiny_language.SITES) and len(asked.asked) == 3
    ours, fresh = load_model(version.id).network, TASK.network()
    found = report(asked, sit(ours, asked, print), sit(fresh, asked, print))
    assert set(found["model"]) == set(found["base"]) >= {"loss", "perplexity", "rouge_l", "similarity", "choice"}
    assert {f"loss at {name}" for name in tiny_language.SITES} < set(found["model"])
    assert {f"rouge_l at {name}" for name in tiny_language.SITES} < set(found["model"])
    difference = found["model"]["loss"]["value"] - found["base"]["loss"]["value"]
    assert found["difference"]["loss"]["value"] == pytest.approx(difference)
    for score in (found["model"]["loss"], found["base"]["choice"]):
        assert score["low"] <= score["value"] <= score["high"]
    same = sit(fresh, asked, print)
    assert report(asked, same, same)["difference"]["loss"] == {"value": 0.0, "low": 0.0, "high": 0.0}


@pytest.mark.slow
def test_the_command_tells_all_of_it_and_refuses_a_task_that_writes_nothing(
    small: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_language.make_champion()
    out = tmp_path / "found.json"
    assert main(["examine", "medical_qa", "--written", "1", "--json", str(out)]) == 0
    said = capsys.readouterr().out
    for words in ("loss, nats a token", "ROUGE-L", "right choices of four", "sentences that the reference backs"):
        assert words in said
    assert json.loads(out.read_text())["n"] == {"held_out": 12, "written": 3, "choices": 40}
    assert main(["examine", "vitals"]) == 2
    assert "python -m models evaluate" in capsys.readouterr().err


def test_what_a_site_has_alone_is_kept_with_the_version(small: Dataset) -> None:
    version = tiny_language.make_champion(alone=True)
    kept = alone_weights(version.id)
    np.testing.assert_allclose(kept["North"], flat_weights(load_model(version.id).network) - 0.2, atol=1e-6)
    assert alone_weights(tiny_language.make_champion().id) == {}


def test_the_card_of_a_language_model_tells_loss_by_round_and_what_sites_have_alone(small: Dataset) -> None:
    version = tiny_language.make_champion()
    text = figures(read_manifest(get_settings().home / "versions" / "medical_qa" / str(version.number)))
    assert "| 0 | 2.750 | 2.700 |\n| 1 | 2.250 | 2.200 |" in text
    assert "| North alone | 2.500 (2.400 to 2.600) | none held out |" in text
    assert "Loss, nats a token | 2.250 (2.200 to 2.300)" in text and "calibrated" not in text
    assert get_version(version.id).manifest["curve"][1]["round"] == 1


def test_a_version_of_a_run_is_shipped_with_its_curve_and_a_command_of_its_rounds(
    small: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = RunRequest.for_task(TASK, rounds=5, steps=3)
    version = tiny_language.make_champion(request=request.to_json(), run_id=_run(request))
    assert main(["ship", f"medical_qa:{version.number}", "--out", str(tmp_path)]) == 0
    kept = read_manifest(tmp_path / "medical_qa")
    assert kept["shipped"] and kept["sha256"] == version.sha256
    assert kept["curve"] == [
        {"round": 0, "loss": 3.0, "loss at North": 3.5},
        {"round": 1, "loss": 2.0, "loss at North": 2.5},
    ]
    assert "--rounds 1 " in kept["command"] and "fl run --task medical_qa" in kept["command"]
    assert "--nodes" not in kept["command"]  # there are none, and the command line takes no empty list
    assert figures(kept) in (tmp_path / "medical_qa" / "card.md").read_text()
    other = tiny_language.make_champion()
    assert main(["ship", f"medical_qa:{other.number}", "--out", str(tmp_path)]) == 2
    assert "comes from no run" in capsys.readouterr().err


def _run(request: RunRequest) -> int:
    """Return the key of a run with three rounds, the last after the version was kept."""
    run = submit(request, by=None)
    with transaction() as session:
        for number, loss in enumerate((3.0, 2.0, 1.0)):
            metrics = {"loss at North": loss + 0.5, "perplexity": 9.0}
            session.add(RoundRecord(run_id=run, round=number, loss=loss, metrics=metrics, seconds=1.0, replies=3))
    return run
