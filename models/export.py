"""A model version as one file for others: weights, manifest, and a signature that shows any change.

The file is a ZIP archive. ``signature.json`` states the SHA-256 of the two other files and is signed with Ed25519 by
the installation it comes from.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data.derived import public_signing_key, signing_key
from data.keys import VaultError
from data.whole_file import write_whole
from models.stored import MANIFEST, WEIGHTS, DamagedModel
from models.versions import VersionError, VersionView, plain_weights

SIGNATURE = "signature.json"
FORMAT = "medhive export 1"
LARGEST = 2_000_000_000  # bytes of a file in the archive


class NotGenuine(ValueError):
    """The file is not what was exported, or comes from somebody else; the message is one sentence."""


@dataclass(frozen=True)
class Genuine:
    """What a sound export says of itself."""

    task: str
    version: int
    sha256: str
    key: str
    manifest: dict[str, Any]


def exported(version: VersionView) -> bytes:
    """Return a version as the bytes of its export.

    Raises
    ------
    VersionError
        When its files were changed, or there is no master key to sign with.
    """
    weights = plain_weights(version.id)
    manifest = json.dumps(dict(version.manifest), indent=1, ensure_ascii=False, allow_nan=False).encode()
    try:
        key, public = signing_key(), public_signing_key()
    except VaultError as error:
        raise VersionError(str(error)) from None
    statement = {
        "format": FORMAT,
        "task": version.task,
        "version": version.number,
        WEIGHTS: hashlib.sha256(weights).hexdigest(),
        MANIFEST: hashlib.sha256(manifest).hexdigest(),
        "key": public,
    }
    signed = {**statement, "signature": key.sign(_canonical(statement)).hex()}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((WEIGHTS, weights), (MANIFEST, manifest), (SIGNATURE, _canonical(signed))):
            archive.writestr(zipfile.ZipInfo(name), content)  # without a time, so that the same gives the same
    return held.getvalue()


def export(version: VersionView, path: Path) -> None:
    """Write a version's export; raises VersionError as ``exported`` does, and when ``path`` cannot be written."""
    try:
        write_whole(path, exported(version))
    except OSError as error:
        raise VersionError(f"{path} cannot be written: {error.strerror or error}.") from None


def verify(path: Path, key: str | None = None) -> Genuine:
    """Return what an export says, when every byte of it is as it was signed.

    Parameters
    ----------
    key : 64 hexadecimal digits: the public key it must be signed by; this installation's when None.

    Raises
    ------
    NotGenuine
        When it is not an export, was changed in any way, or is signed by another key.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = {name: _read(archive, name) for name in (WEIGHTS, MANIFEST, SIGNATURE)}
        signed: dict[str, Any] = json.loads(parts[SIGNATURE])
        statement = {name: value for name, value in signed.items() if name != "signature"}
        signature, by = bytes.fromhex(signed["signature"]), bytes.fromhex(signed["key"])
        Ed25519PublicKey.from_public_bytes(by).verify(signature, _canonical(statement))
    except FileNotFoundError:
        raise NotGenuine(f"{path} is not there.") from None
    except InvalidSignature:
        raise NotGenuine(
            f"{path} was changed after it was exported: its signature does not fit what it says."
        ) from None
    except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, RuntimeError):
        raise NotGenuine(f"{path} is no export of MedHive, or was damaged: it cannot be read.") from None
    for name in (WEIGHTS, MANIFEST):
        if hashlib.sha256(parts[name]).hexdigest() != statement.get(name):
            raise NotGenuine(f"{path} was changed after it was exported: {name} has another SHA-256 than was signed.")
    expected = key.strip().lower() if key is not None else public_signing_key()
    if by.hex() != expected:
        whose = "this installation's" if key is None else "the one given"
        raise NotGenuine(
            f"{path} is signed by {by.hex()}, not by {whose}: ask the sender for their key, and give it with --key."
        )
    return Genuine(
        str(statement["task"]),
        int(statement["version"]),
        str(statement[WEIGHTS]),
        by.hex(),
        json.loads(parts[MANIFEST]),
    )


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > LARGEST:
        raise ValueError(name)
    return archive.read(name)


def _canonical(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


__all__ = ["DamagedModel", "Genuine", "NotGenuine", "export", "exported", "verify"]
