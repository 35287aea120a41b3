"""Rows as bytes that only a site's key opens: AES-256-GCM with a fresh nonce, bound to a place.

What a sealed dataset is bound to (site, task, number) is authenticated with it and not stored in it, so that it
opens nowhere else.
"""

import io
import json
import secrets
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from data.table import Dataset

_MAGIC = b"MedHive1"
_NONCE_BYTES = 12


class NotAuthentic(Exception):
    """These bytes are not what was sealed with this key for this place."""


def seal(dataset: Dataset, key: bytes, place: bytes) -> bytes:
    """Return ``dataset`` encrypted with the 32-byte ``key`` and bound to ``place``."""
    about = {"source": dataset.source, "synthetic": dataset.synthetic, "natural_sites": dataset.natural_sites}
    plain = io.BytesIO()
    np.savez(plain, x=_plain(dataset.x), y=dataset.y.astype("<i8"), about=np.array(json.dumps(about)))
    return seal_bytes(plain.getvalue(), key, place)


def _plain(x: NDArray[Any]) -> NDArray[Any]:
    """Return inputs as they are written: pictures as bytes, numbers as little-endian 32-bit floats."""
    return x if x.dtype == np.uint8 else x.astype("<f4")


def seal_bytes(plain: bytes, key: bytes, place: bytes) -> bytes:
    """Return ``plain`` encrypted with the 32-byte ``key`` and bound to ``place``."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _MAGIC + nonce + AESGCM(key).encrypt(nonce, plain, place)


def is_sealed(content: bytes) -> bool:
    """Whether bytes begin as sealed ones do."""
    return content.startswith(_MAGIC)


def unseal_bytes(sealed: bytes, key: bytes, place: bytes) -> bytes:
    """Return what was sealed; raises NotAuthentic when a single bit, the key or the place differs."""
    magic, rest = sealed[: len(_MAGIC)], sealed[len(_MAGIC) :]
    if magic != _MAGIC or len(rest) <= _NONCE_BYTES:
        raise NotAuthentic
    try:
        return AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place)
    except InvalidTag:
        raise NotAuthentic from None


def unseal(sealed: bytes, key: bytes, place: bytes) -> Dataset:
    """Return what was sealed.

    Raises
    ------
    NotAuthentic
        When a single bit, the key or the place differs.
    """
    with np.load(io.BytesIO(unseal_bytes(sealed, key, place)), allow_pickle=False) as parts:
        about = json.loads(str(parts["about"]))
        sites = about["natural_sites"]
        return Dataset(
            parts["x"] if parts["x"].dtype == np.uint8 else parts["x"].astype(np.float32),
            parts["y"].astype(np.int64),
            about["source"],
            about["synthetic"],
            tuple(sites) if sites is not None else None,
        )
