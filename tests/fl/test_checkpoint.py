"""A checkpoint is either the old state or the new one, and never another run's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data import whole_file
from fl import checkpoint
from fl.checkpoint import Checkpoint, CheckpointError
from fl.watcher import Snapshot
from models.preparation import Preparation


def state(round: int = 3) -> Checkpoint:
    random = np.random.default_rng(round)
    arrays = [random.normal(size=size).astype(np.float32) for size in (50, 4, 6, 6)]
    snapshot = Snapshot(round, arrays[0], Preparation(*arrays[1:]), {"momentum": arrays[0] * 2})
    return Checkpoint(snapshot, {0: 10, 1: 20}, {0: 30, 1: 40})


def test_what_is_loaded_is_bit_identical_to_what_was_written(home: Path) -> None:
    written = state()

    checkpoint.write(7, "key", written)
    loaded = checkpoint.load(7, "key")

    assert loaded is not None
    assert loaded.snapshot.round == 3
    assert (loaded.bytes_up, loaded.bytes_down) == (written.bytes_up, written.bytes_down)
    for one, other in (
        (loaded.snapshot.weights, written.snapshot.weights),
        (loaded.snapshot.preparation.mean, written.snapshot.preparation.mean),
        (loaded.snapshot.carried["momentum"], written.snapshot.carried["momentum"]),
    ):
        assert one.tobytes() == other.tobytes()


def test_a_run_without_a_checkpoint_has_none(home: Path) -> None:
    assert checkpoint.load(7, "key") is None


def test_the_checkpoint_of_another_run_is_refused(home: Path) -> None:
    checkpoint.write(7, "key", state())

    with pytest.raises(CheckpointError, match="belongs to another run"):
        checkpoint.load(7, "another key")


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_a_damaged_checkpoint_is_refused(home: Path, damage: str) -> None:
    checkpoint.write(7, "key", state())
    path = checkpoint.path_of(7)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes({"cut": bytes(content[:-8]), "flip": bytes(content), "empty": b"", "text": b"no tensors"}[damage])

    with pytest.raises(CheckpointError, match="run 7 is damaged"):
        checkpoint.load(7, "key")


def test_a_write_that_fails_leaves_the_state_before(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.write(7, "key", state(3))

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole_file.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.write(7, "key", state(4))

    loaded = checkpoint.load(7, "key")
    assert loaded is not None
    assert loaded.snapshot.round == 3
    assert [path.name for path in checkpoint.path_of(7).parent.iterdir()] == ["run-7.safetensors"]


def test_a_later_state_replaces_the_one_before(home: Path) -> None:
    checkpoint.write(7, "key", state(3))
    checkpoint.write(7, "key", replace(state(4), bytes_up={}))

    loaded = checkpoint.load(7, "key")
    assert loaded is not None
    assert (loaded.snapshot.round, loaded.bytes_up) == (4, {})


def test_the_newer_of_the_durable_and_the_latest_state_counts(home: Path) -> None:
    checkpoint.write(7, "key", state(3))
    checkpoint.write(7, "key", state(4), durable=False)
    found = checkpoint.load(7, "key")
    assert found is not None
    assert found.snapshot.round == 4

    checkpoint.write(7, "key", state(5))
    found = checkpoint.load(7, "key")
    assert found is not None
    assert found.snapshot.round == 5


def test_a_latest_state_that_a_power_cut_emptied_leaves_the_durable_one(home: Path) -> None:
    checkpoint.write(7, "key", state(3))
    checkpoint.path_of(7, latest=True).write_bytes(b"")

    found = checkpoint.load(7, "key")

    assert found is not None
    assert found.snapshot.round == 3


def test_what_a_killed_process_had_half_written_is_cleared_away(home: Path) -> None:
    checkpoint.write(7, "key", state(3))
    draft = checkpoint.path_of(7).with_name(".run-7.safetensors.0123abcd")
    draft.write_bytes(b"half")

    checkpoint.remove_drafts()

    assert not draft.exists()
    assert checkpoint.load(7, "key") is not None
