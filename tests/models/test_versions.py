"""A version never changes unnoticed, and every decision about the champion is written down with its reason."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load
from sqlalchemy import select

from data.database import AuditEntry, ModelVersion, Promotion, User, transaction
from models import versions as under_test
from models.calibration import Calibration
from models.preparation import Preparation
from models.registry import get_task, task_names
from models.stored import WEIGHTS, DamagedModel, read_model, write_weights
from models.versions import (
    VersionError,
    VersionView,
    champion,
    compare,
    get_version,
    load_model,
    plain_weights,
    promote,
    promotions,
    register_shipped,
    rollback,
    save_version,
    versions,
)
from tests.models.conftest import manifest_of, untrained
from tests.tampering import change_one_bit

Keep = Callable[..., VersionView]


def folder_of(version: VersionView, home: Path) -> Path:
    return home / "versions" / version.task / str(version.number)


def audit() -> list[tuple[str, str, str, str]]:
    with transaction() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.user_name, row.action, row.subject, row.detail["reason"]) for row in rows]


def test_a_version_answers_exactly_as_the_weights_it_was_made_of(home: Path) -> None:
    task = get_task("vitals")
    weights, preparation, calibration = untrained(task, seed=3)
    version = save_version(task, weights, preparation, calibration, run_id=None, manifest=manifest_of(task))
    kept = load_model(version.id)
    x = task.public().x[:50]
    from models.stored import Model

    assert (kept.logits(x) == Model.of(task, weights, preparation, calibration).logits(x)).all()
    assert (kept.calibration.interval(kept.logits(x))[1] == calibration.interval(kept.logits(x))[1]).all()


def test_files_carry_named_tensors_and_a_manifest_with_their_sha256(home: Path, keep: Keep) -> None:
    version = keep()
    tensors = load(plain_weights(version.id))
    manifest = json.loads((folder_of(version, home) / "manifest.json").read_text())
    assert {"network.0.weight", "prepare.fill", "prepare.mean", "prepare.scale", "calibration.slope"} <= set(tensors)
    assert manifest["sha256"] == version.sha256 == version.manifest["sha256"]
    assert {"task", "created", "data", "request", "scores", "command", "medhive_version", "n"} <= set(manifest)


def test_the_same_model_has_the_same_sha256_however_often_it_is_kept(tmp_path: Path) -> None:
    task = get_task("vitals")
    made = untrained(task, seed=3)

    kept = {write_weights(tmp_path, task, *made, manifest_of(task)) for _ in range(20)}

    assert len(kept) == 1


def test_numbers_count_within_a_task_and_a_new_version_is_a_challenger(keep: Keep) -> None:
    assert [keep("vitals").number, keep("breast_cancer").number, keep("vitals").number] == [1, 1, 2]
    assert [each.label for each in versions("vitals")] == ["version 2", "version 1"]
    assert not any(each.champion for each in versions())


def test_a_tampered_version_is_refused_for_answers_promotion_and_comparison(home: Path, keep: Keep) -> None:
    version = keep()
    path = folder_of(version, home) / "weights.safetensors"
    change_one_bit(path)
    for use in (
        lambda: load_model(version.id),
        lambda: promote(version.id, reason="looks good", by=None),
        lambda: compare(version.id, None),
    ):
        with pytest.raises(VersionError, match="changed after training"):
            use()
    assert champion("vitals") is None and audit() == []


def test_weights_for_what_another_encoder_gives_are_refused_though_they_fit(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = get_task("breast_ultrasound")
    count = task.network().weight.numel()
    preparation = Preparation(*(np.zeros(count, np.float32) for _ in range(2)), np.ones(count, np.float32))
    weights = np.zeros(count + 1, np.float32)
    sha256 = write_weights(home / "kept", task, weights, preparation, Calibration.identity(), {})
    assert read_model(home / "kept", task, sha256).task is task
    monkeypatch.setattr(type(task), "seen", 112)
    with pytest.raises(
        DamagedModel, match=r"the encoder lite0-mid-mirrored-168 gives, .* has lite0-mid-mirrored-112 now"
    ):
        read_model(home / "kept", task, sha256)


def test_a_version_whose_file_is_gone_says_so(home: Path, keep: Keep) -> None:
    version = keep()
    (folder_of(version, home) / "weights.safetensors").unlink()
    with pytest.raises(VersionError, match="missing"):
        load_model(version.id)


def test_an_unknown_version_is_a_sentence_not_a_traceback(home: Path) -> None:
    with pytest.raises(VersionError, match="no model version with the key 99"):
        get_version(99)


def test_nothing_half_written_stays_after_a_failure(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = get_task("vitals")
    with pytest.raises(ValueError, match="JSON"):
        save_version(
            task, *untrained(task, 0), run_id=None, manifest={**manifest_of(task), "scores": {"auc": float("nan")}}
        )
    assert versions() == [] and not list((home / "versions" / "vitals").iterdir())


def test_a_row_that_cannot_be_written_takes_its_files_along(home: Path) -> None:
    task = get_task("vitals")
    with pytest.raises(Exception, match="FOREIGN KEY"):
        save_version(task, *untrained(task, 0), run_id=12345, manifest=manifest_of(task))
    assert not list((home / "versions" / "vitals").iterdir())


def test_promotion_and_rollback_lead_through_the_champions_and_are_audited(home: Path, keep: Keep) -> None:
    with transaction() as session:
        session.add(User(email="ada@example.org", name="Ada", password_hash="-", role="admin"))
        session.flush()
        by = session.scalars(select(User.id)).one()
    first, second, third = keep(seed=1), keep(seed=2), keep(seed=3)
    for version, reason in ((first, "the first"), (second, "better AUC"), (third, "better still")):
        promote(version.id, reason=reason, by=by)
    assert champion("vitals").id == third.id
    assert rollback("vitals", reason="complaints", by=by).id == second.id
    assert rollback("vitals", reason="more complaints", by=None).id == first.id
    assert champion("vitals").id == first.id
    promote(third.id, reason="it was the data", by=by)
    assert rollback("vitals", reason="it was not", by=by).id == first.id
    assert audit()[:2] == [
        ("Ada", "promoted a model", "vitals version 1", "the first"),
        ("Ada", "promoted a model", "vitals version 2", "better AUC"),
    ]
    assert audit()[4] == ("MedHive", "rolled back a model", "vitals version 1", "more complaints")
    assert [(each.kind, each.version, each.by) for each in promotions("vitals")][:2] == [
        ("rollback", "version 1", "Ada"),
        ("promote", "version 3", "Ada"),
    ]


def test_the_first_champion_cannot_be_rolled_back(keep: Keep) -> None:
    promote(keep().id, reason="the only one", by=None)
    with pytest.raises(VersionError, match="no champion of vitals before"):
        rollback("vitals", reason="away with it", by=None)


def test_a_decision_needs_a_reason_and_a_change(keep: Keep) -> None:
    version = keep()
    with pytest.raises(VersionError, match="reason"):
        promote(version.id, reason="  \n", by=None)
    promote(version.id, reason="good", by=None)
    with pytest.raises(VersionError, match="champion of vitals already"):
        promote(version.id, reason="good", by=None)


def test_a_promotion_without_audit_entry_does_not_happen(keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    version = keep()

    def broken(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("models.decisions._audit", broken)
    with pytest.raises(OSError, match="disk full"):
        promote(version.id, reason="good", by=None)
    assert champion("vitals") is None


def test_two_people_who_promote_at_once_leave_one_clear_history(keep: Keep) -> None:
    made = [keep(seed=seed).id for seed in range(4)]
    for version_id in made:
        load_model(version_id)
    threads = [threading.Thread(target=promote, args=(i,), kwargs={"reason": "mine", "by": None}) for i in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(promotions("vitals")) == 4
    assert champion("vitals").id == promotions("vitals")[0].version_id


def test_both_models_are_compared_on_the_same_held_out_rows(keep: Keep) -> None:
    first, second = keep("breast_cancer", seed=1), keep("breast_cancer", seed=2)
    forth, back = compare(first.id, second.id), compare(second.id, first.id)
    assert forth.n == back.n == 113
    assert forth.challenger == back.champion and forth.champion == back.challenger
    for name, difference in forth.differences.items():
        assert difference.value == pytest.approx(forth.challenger[name].value - forth.champion[name].value)
        assert difference.value == pytest.approx(-back.differences[name].value)
    assert forth.fingerprint == get_task("breast_cancer").public().fingerprint


def test_a_version_does_not_differ_from_itself_and_the_first_has_nobody_to_meet(keep: Keep) -> None:
    version = keep()
    assert "cannot be told apart" in compare(version.id, version.id).sentence
    alone = compare(version.id, None)
    assert alone.champion == {} and "no champion yet" in alone.sentence


def test_versions_of_two_tasks_are_not_compared(keep: Keep) -> None:
    with pytest.raises(VersionError, match="cannot be compared"):
        compare(keep("vitals").id, keep("breast_cancer").id)


def test_shipped_models_become_champions_once(home: Path) -> None:
    register_shipped()
    register_shipped()
    shipped = {name for name in task_names() if (get_task(name).folder / WEIGHTS).exists()}
    assert {each.task for each in versions() if each.champion and each.shipped} == shipped >= {"vitals", "pneumonia"}
    assert len(versions()) == len(promotions()) == len(shipped)
    assert all(
        load_model(each.id) for each in versions() if each.task != "heart_disease" and not get_task(each.task).adapts
    )


def test_a_newer_shipped_model_replaces_a_shipped_champion_but_not_a_promoted_one(
    home: Path, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_shipped()
    own = keep("vitals")
    promote(own.id, reason="ours is better", by=None)
    with transaction() as session:  # as if an update had brought other files
        for row in session.scalars(select(ModelVersion).where(ModelVersion.run_id.is_(None))):
            if row.manifest.get("shipped"):
                row.sha256 = "0" * 64
    register_shipped()
    assert champion("vitals").id == own.id
    assert champion("breast_cancer").number == 2
    with transaction() as session:
        kinds = [row.kind for row in session.scalars(select(Promotion).where(Promotion.task == "breast_cancer"))]
    assert kinds == ["shipped", "shipped"]


def test_an_installation_can_be_moved(home: Path, keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    from settings import get_settings

    version = keep()
    moved = home.parent / "moved"
    home.rename(moved)
    monkeypatch.setenv("MEDHIVE_HOME", str(moved))
    get_settings.cache_clear()
    under_test._read.cache_clear()
    assert load_model(version.id).logits(np.array([[75, 120, 78, 97]], np.float32)).shape == (1,)
    assert replace(version) == version
