"""A site's own key: made at the site on first use, never sent anywhere. What travels is its public half."""

import base64
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from data.whole_file import write_whole
from settings import get_settings

_ALGORITHM = ec.ECDSA(hashes.SHA384())


class NodeKeyError(ValueError):
    """The key cannot be used; the message is a sentence."""


def own_key() -> ec.EllipticCurvePrivateKey:
    """Return this site's key, making it when there is none.

    Raises
    ------
    NodeKeyError
        When the file is no such key, or others on this machine can read it.
    """
    path = _path()
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = ec.generate_private_key(ec.SECP384R1())  # the curve that Flower's own keys have
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_whole(path, pem, mode=0o600)
    if path.stat().st_mode & 0o077:
        raise NodeKeyError(f"others on this machine can read {path}: run chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NodeKeyError(f"{path} is no key: put the right one back, or remove it to join with a new one.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NodeKeyError(f"{path} is a key of another kind: remove it to join with a new one.")
    return key


def public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the public half as PEM."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def sign(key: ec.EllipticCurvePrivateKey, content: bytes) -> str:
    """Return a signature as text."""
    return base64.b64encode(key.sign(content, _ALGORITHM)).decode()


def signed_by(public_key: str, content: bytes, signature: str) -> bool:
    """Whether the holder of this key (PEM) signed ``content``."""
    try:
        key = serialization.load_pem_public_key(public_key.encode())
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(base64.b64decode(signature, validate=True), content, _ALGORITHM)
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        return False
    return True


def _path() -> Path:
    return get_settings().home / "deploy" / "site.key"
