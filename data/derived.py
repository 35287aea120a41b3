"""Keys that follow from the master key: one that seals models and checkpoints, one that signs what is exported.

Nothing of them is stored; who has the master key has them, and nobody else.
"""

from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import func, select

from data.database import ModelVersion, Site, transaction
from data.keys import KEY_BYTES, master_key


def model_key(*, to_write: bool = False) -> bytes:
    """Return the AES-256 key of models and checkpoints.

    Parameters
    ----------
    to_write : whether something is to be sealed; the first time in an installation, the master key is made then.

    Raises
    ------
    VaultError
        When there is no usable master key.
    """
    return _derived(master_key(may_make=to_write and _nothing_yet()), b"medhive models")


def signing_key() -> Ed25519PrivateKey:
    """Return the key that signs exports; raises VaultError when there is no usable master key."""
    return Ed25519PrivateKey.from_private_bytes(_derived(master_key(may_make=_nothing_yet()), b"medhive exports"))


def public_signing_key() -> str:
    """Return this installation's public key as 64 hexadecimal digits: what others check its exports by."""
    return signing_key().public_key().public_bytes_raw().hex()


def _nothing_yet() -> bool:
    """Whether nothing was ever sealed here, so that a missing master key is no loss."""
    counted = select(func.count()).select_from(Site), select(func.count()).where(ModelVersion.run_id.is_not(None))
    with transaction() as session:
        return not any(session.scalar(query) for query in counted)


@lru_cache(maxsize=8)
def _derived(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(master)
