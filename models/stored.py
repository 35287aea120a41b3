"""A trained model as two files: weights.safetensors holds all that computes, manifest.json says what it is.

In an installation's home the weights are sealed (AES-256-GCM, under a key that follows from the master key); those that
are shipped with a task are open, as is their copy.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.derived import model_key
from data.keys import VaultError
from data.sealing import NotAuthentic, is_sealed, seal_bytes, unseal_bytes
from data.table import FloatArray
from data.whole_file import write_whole
from models.calibration import Calibration
from models.class_calibration import AnyCalibration, ClassCalibration
from models.preparation import Preparation
from models.task import Task

if TYPE_CHECKING:
    from torch import nn

WEIGHTS = "weights.safetensors"
MANIFEST = "manifest.json"
_ALONE = "alone."  # begins the name of the weights that a site has alone
_BATCH = 8192  # rows through the network at once


class DamagedModel(Exception):
    """The weights file is missing, was changed, or does not fit the task's network; the message says which."""


@dataclass(frozen=True)
class Model:
    """A network ready to answer: inputs in the schema's units go in, calibrated probabilities come out."""

    task: Task
    network: "nn.Module"
    preparation: Preparation
    calibration: AnyCalibration

    def logits(self, x: FloatArray) -> NDArray[np.float64]:
        """Return the network's logits for (n, d) inputs, NaN where missing; not calibrated.

        They are (n,) for two classes and (n, k) for more.
        """
        import torch

        if self.network.training:
            self.network.eval()
        features = torch.from_numpy(self.preparation(self.task, x))
        with torch.inference_mode():
            starts = range(0, len(features), _BATCH)
            parts = [self.network(features[start : start + _BATCH]).squeeze(1) for start in starts]
        found: NDArray[np.float64] = torch.cat(parts).numpy().astype(np.float64)
        return found

    def probability(self, x: FloatArray) -> NDArray[np.float64]:
        """Return the (n,) calibrated probabilities of the positive class for (n, d) inputs, or the (n, k) of each."""
        return self.calibration.probability(self.logits(x))

    @classmethod
    def of(cls, task: Task, weights: FloatArray, preparation: Preparation, calibration: AnyCalibration) -> "Model":
        """Return the model with the flat (p,) ``weights``."""
        from models.weights import load_flat

        network = task.network()
        load_flat(network, weights)
        return cls(task, network, preparation, calibration)


def write_weights(
    folder: Path,
    task: Task,
    weights: FloatArray,
    preparation: Preparation,
    calibration: AnyCalibration,
    manifest: Mapping[str, Any],
    *,
    key: bytes | None = None,
    alone: Mapping[str, FloatArray] | None = None,
) -> str:
    """Write both files into ``folder`` and return the SHA-256 of the weights, which the manifest carries too.

    Parameters
    ----------
    alone : site → (p,) weights of the model that it trained without the others, for comparison.
    key : seals the weights; None writes them open. The SHA-256 is that of the open ones in any case.
    """
    from safetensors.numpy import save

    model = Model.of(task, weights, preparation, calibration)
    tensors: dict[str, NDArray[Any]] = {
        f"network.{name}": np.ascontiguousarray(tensor.detach().cpu().numpy())
        for name, tensor in model.network.state_dict().items()
    }
    for name in ("fill", "mean", "scale"):
        tensors[f"prepare.{name}"] = np.ascontiguousarray(getattr(preparation, name), dtype=np.float32)
    for name in ("slope", "intercept", "slopes", "intercepts"):
        values = np.atleast_1d(np.asarray(getattr(calibration, name), dtype=np.float64))  # (k,) intercepts if by class
        tensors[f"calibration.{name}"] = np.ascontiguousarray(values)
    if calibration.threshold != 0.5:
        tensors["calibration.threshold"] = np.array([calibration.threshold])
    tensors |= {_ALONE + name: np.ascontiguousarray(own, dtype=np.float32) for name, own in (alone or {}).items()}
    # one entry: safetensors writes several in an order of chance, and the same model would have another SHA-256
    content = save(tensors, metadata={"encoder": _encoder(task)})
    sha256 = hashlib.sha256(content).hexdigest()
    document = {**manifest, "task": task.name, "sha256": sha256}
    if calibration.threshold != 0.5:
        document["threshold"] = calibration.threshold
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / WEIGHTS, content if key is None else seal_bytes(content, key, _place(sha256)))
    write_whole(folder / MANIFEST, text.encode() + b"\n")
    return sha256


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest in ``folder``."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedModel(f"{folder / MANIFEST} cannot be read: {error}.") from error
    return manifest


def read_weights(folder: Path, sha256: str) -> bytes:
    """Return the weights in ``folder`` as an open safetensors file.

    Raises
    ------
    DamagedModel
        When they are missing, were changed, or there is no master key to open them with.
    """
    path = folder / WEIGHTS
    changed = DamagedModel(f"The weights of this version were changed after training: {path} has another SHA-256.")
    try:
        content = path.read_bytes()
        if is_sealed(content):
            content = unseal_bytes(content, model_key(), _place(sha256))
    except OSError:
        raise DamagedModel(f"The weights of this version are missing: {path} cannot be read.") from None
    except VaultError as error:
        raise DamagedModel(f"The weights of this version cannot be opened. {error}") from None
    except NotAuthentic:
        raise changed from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise changed
    return content


def read_alone(folder: Path, sha256: str) -> dict[str, FloatArray]:
    """Return site → (p,) weights of the models that sites trained without the others, as far as they were kept.

    Raises
    ------
    DamagedModel
        As ``read_weights`` does.
    """
    from safetensors.numpy import load

    tensors = load(read_weights(folder, sha256))
    return {name.removeprefix(_ALONE): own for name, own in tensors.items() if name.startswith(_ALONE)}


def _place(sha256: str) -> bytes:
    return f"medhive model {sha256}".encode()


def read_model(folder: Path, task: Task, sha256: str) -> Model:
    """Return the model in ``folder``.

    Raises
    ------
    DamagedModel
        When the file is missing, its SHA-256 is not ``sha256``, it holds another network than the task's, or one that
        reads the numbers of another encoder.
    """
    import torch
    from safetensors.numpy import load

    content = read_weights(folder, sha256)
    tensors = load(content)
    network = task.network()
    state = {k.removeprefix("network."): torch.from_numpy(v) for k, v in tensors.items() if k.startswith("network.")}
    try:
        network.load_state_dict(state)
    except RuntimeError:
        raise DamagedModel(f"{folder / WEIGHTS} holds another network than the one of task {task.name} now.") from None
    now = _encoder(task)
    if (encoder := metadata(content).get("encoder", now)) != now:  # the first versions name none
        raise DamagedModel(
            f"{folder / WEIGHTS} reads what the encoder {encoder} gives, and task {task.name} has {now} now: "
            "train it anew."
        )
    network.eval()
    preparation = Preparation(*(tensors[f"prepare.{name}"] for name in ("fill", "mean", "scale")))
    return Model(task, network, preparation, _calibration(tensors))


def _encoder(task: Task) -> str:
    """Return whose numbers the network reads; "" where they are tokens, for adapters know their base themselves."""
    return "" if task.adapts else task.encoder


def metadata(content: bytes) -> dict[str, str]:
    """Return what a safetensors file says of itself: behind eight bytes of length, JSON with ``__metadata__``.

    The library tells it of files only, and these may be sealed. Raises ValueError for what is no such file.
    """
    size = int.from_bytes(content[:8], "little")
    said: dict[str, str] = json.loads(content[8 : 8 + size]).get("__metadata__", {})
    return said


def _calibration(tensors: Mapping[str, NDArray[Any]]) -> AnyCalibration:
    slope, intercept, slopes, intercepts = (
        tensors[f"calibration.{name}"] for name in ("slope", "intercept", "slopes", "intercepts")
    )
    if intercepts.ndim == 2:
        return ClassCalibration(float(slope[0]), intercept, slopes, intercepts)
    threshold = float(tensors.get("calibration.threshold", np.array([0.5]))[0])
    return Calibration(float(slope[0]), float(intercept[0]), slopes, intercepts, threshold)
