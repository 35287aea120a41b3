"""A run's last good state on disk, complete enough to go on from as if nothing had happened.

One safetensors file a run, sealed as models are: weights, preparation and the strategy's own arrays as tensors, the
rest as JSON in its header. One file replaced by one rename is either the old state or the new one, never half of each.
Sites draw their randomness from (seed, round, position), so the round number stands for the state of every random
generator.

Making a file outlast a power cut takes milliseconds, longer than a round of a small network. So there are two: one that
does, written now and then, and the latest, which outlasts only the end of this process. The newer sound one counts.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save

from data.derived import model_key
from data.sealing import NotAuthentic, is_sealed, seal_bytes, unseal_bytes
from data.table import FloatArray
from data.whole_file import write_whole
from fl.watcher import Snapshot
from models.preparation import Preparation
from models.stored import metadata
from settings import get_settings

FORMAT = "medhive checkpoint 1"
CARRIED = "carried."


class CheckpointError(Exception):
    """The file is damaged or belongs to another run; the message is one sentence."""


@dataclass(frozen=True)
class Checkpoint:
    """A snapshot, and what was sent so far: bytes from and to each site by position."""

    snapshot: Snapshot
    bytes_up: Mapping[int, int] = field(default_factory=dict)
    bytes_down: Mapping[int, int] = field(default_factory=dict)


def write(run_id: int, key: str, checkpoint: Checkpoint, *, durable: bool = True) -> None:
    """Write a run's state, replacing the one before.

    Parameters
    ----------
    run_id : the run.
    key : text that only this run has (its request and moment), checked by ``load``.
    checkpoint : what to write.
    durable : whether it must outlast a power cut.

    Raises
    ------
    OSError
        When it cannot be written; the one before stands.
    """
    snapshot = checkpoint.snapshot
    tensors: dict[str, FloatArray] = {
        "weights": snapshot.weights,
        "fill": snapshot.preparation.fill,
        "mean": snapshot.preparation.mean,
        "scale": snapshot.preparation.scale,
        **{CARRIED + name: array for name, array in snapshot.carried.items()},
    }
    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    state = {
        "format": FORMAT,
        "key": key,
        "round": snapshot.round,
        "digest": _digest(tensors),
        "bytes_up": {str(position): count for position, count in checkpoint.bytes_up.items()},
        "bytes_down": {str(position): count for position, count in checkpoint.bytes_down.items()},
    }
    path = path_of(run_id, latest=not durable)
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = save(tensors, metadata={"state": json.dumps(state)})
    write_whole(path, seal_bytes(plain, model_key(to_write=True), _place(run_id)), mode=0o600, durable=durable)


def load(run_id: int, key: str) -> Checkpoint | None:
    """Return a run's last state, None when it has none.

    Raises
    ------
    CheckpointError
        When there is no sound one, but one that is damaged or was written for another run.
    """
    sound: list[Checkpoint] = []
    trouble: CheckpointError | None = None
    for path in (path_of(run_id), path_of(run_id, latest=True)):
        try:
            if path.exists():
                sound.append(_read(path, run_id, key))
        except CheckpointError as error:
            trouble = trouble or error
    if sound:
        return max(sound, key=lambda found: found.snapshot.round)
    if trouble:
        raise trouble
    return None


def _read(path: Path, run_id: int, key: str) -> Checkpoint:
    try:
        content = path.read_bytes()
        if is_sealed(content):
            content = unseal_bytes(content, model_key(), _place(run_id))
        state: dict[str, Any] = json.loads(metadata(content)["state"])
        tensors: dict[str, FloatArray] = load_tensors(content)
        if state["format"] != FORMAT or state["digest"] != _digest(tensors):
            raise CheckpointError(f"the checkpoint of run {run_id} is damaged.")
        if state["key"] != key:
            raise CheckpointError(f"the checkpoint found for run {run_id} belongs to another run.")
        return _checkpoint(state, tensors)
    except (SafetensorError, NotAuthentic, OSError, KeyError, ValueError, TypeError, AttributeError):
        raise CheckpointError(f"the checkpoint of run {run_id} is damaged.") from None


def remove(run_id: int) -> None:
    """Delete a run's state, when its model version holds all that matters."""
    for latest in (False, True):
        path_of(run_id, latest=latest).unlink(missing_ok=True)


def remove_drafts() -> None:
    """Delete what a process that was killed while it wrote has left; only while no run is executed."""
    for draft in path_of(0).parent.glob(".run-*"):
        draft.unlink(missing_ok=True)


def _place(run_id: int) -> bytes:
    return f"medhive checkpoint {run_id}".encode()


def path_of(run_id: int, *, latest: bool = False) -> Path:
    """Return where a run's state lies."""
    name = f"run-{run_id}.latest.safetensors" if latest else f"run-{run_id}.safetensors"
    return get_settings().home / "checkpoints" / name


def _checkpoint(state: Mapping[str, Any], tensors: Mapping[str, FloatArray]) -> Checkpoint:
    preparation = Preparation(tensors["fill"], tensors["mean"], tensors["scale"])
    own = {name.removeprefix(CARRIED): array for name, array in tensors.items() if name.startswith(CARRIED)}
    snapshot = Snapshot(int(state["round"]), tensors["weights"], preparation, own)
    up, down = ({int(position): int(n) for position, n in state[name].items()} for name in ("bytes_up", "bytes_down"))
    return Checkpoint(snapshot, up, down)


def _digest(tensors: Mapping[str, FloatArray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
