"""Numbers that only a sum over sites gives back: whole numbers of 32 bits under masks that cancel.

A site's update becomes whole numbers; masks drawn from keys are added modulo 2³². Flower's own mask generator folds a
key to 32 bits, which can be searched in an hour, so masks come from ChaCha20 here.
"""

import base64
from dataclasses import dataclass

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from data.table import FloatArray

Masked = NDArray[np.uint32]

SECRET_BYTES = 15  # with its padding one block of a secret that is shared: each block takes milliseconds
CURVE = ec.SECP384R1()
ORDER = 2**384 - 2**190  # below the order of the curve


@dataclass(frozen=True)
class Scale:
    """How an update becomes whole numbers whose sum over ``sites`` sites fits in 32 bits.

    Parameters
    ----------
    sites : most that are added.
    bound : a weight changes in a round by no more; what is beyond is cut off.
    """

    sites: int
    bound: float = 8.0

    @property
    def levels(self) -> int:
        """Steps between the least and the largest number."""
        return (2**32 - 1) // self.sites

    def whole(self, update: FloatArray, share: float, draws: np.random.Generator) -> Masked:
        """Return (p + 1,) whole numbers for a (p,) update that counts with ``share``, from 0 to 1, which comes first.

        Rounding is by chance, so that it cancels in the mean.
        """
        weight = round(share * self.levels)
        limited = np.clip(update.astype(np.float64), -self.bound, self.bound) * (weight / self.levels)
        exact = (limited + self.bound) * (self.levels / (2 * self.bound))
        drawn = np.floor(exact + draws.random(len(exact)))
        return np.concatenate([[weight], np.clip(drawn, 0, self.levels)]).astype(np.uint32)

    def mean(self, total: Masked, sites: int) -> FloatArray:
        """Return the (p,) mean, each update counted by its share, of what ``sites`` sites added up to."""
        shares = float(total[0]) / self.levels
        if not shares:
            return np.zeros(len(total) - 1, dtype=np.float32)
        sums = total[1:].astype(np.float64) * (2 * self.bound / self.levels) - sites * self.bound
        found: FloatArray = (sums / shares).astype(np.float32)
        return found


def mask(key: bytes, size: int) -> Masked:
    """Return the (size,) mask that a 32-byte key stands for. A key must serve once."""
    stream = Cipher(ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(4 * size))
    return np.frombuffer(stream, dtype="<u4").astype(np.uint32)


def own_mask(secret: bytes, size: int) -> Masked:
    """Return the mask that a site draws from a secret of its own."""
    return mask(_grown(secret, b"medhive own mask", 32), size)


def pair_mask(shared: bytes, size: int) -> Masked:
    """Return the mask of a pair of sites from the key they share, as Flower gives it."""
    return mask(base64.urlsafe_b64decode(shared), size)


def private_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the private key that a secret stands for."""
    number = int.from_bytes(_grown(secret, b"medhive pair key", 56), "big") % ORDER + 1
    return ec.derive_private_key(number, CURVE)


def _grown(secret: bytes, purpose: bytes, size: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=size, salt=None, info=purpose).derive(secret)
