"""A site's half of secure aggregation: its update leaves it under masks that only the sum of all sites takes off.

SecAgg+ (Bell et al. 2020, https://eprint.iacr.org/2020/704, after Bonawitz et al. 2017) with Flower's key agreement,
encryption and secret sharing. Flower's legacy workflow, which does the same, wants its legacy strategies and clients,
so the messages are our own: ``keys``, ``shares``, ``deliver``, the ordinary ``train``, and ``unmask``.

What a site remembers between them is in Flower's state of its node, for one round.
"""

import os
from typing import cast

import numpy as np
from flwr.app import ConfigRecord, Context, RecordDict
from flwr.common.secure_aggregation.crypto.shamir import create_shares
from flwr.common.secure_aggregation.crypto.symmetric_encryption import decrypt, encrypt, generate_shared_key
from flwr.common.secure_aggregation.secaggplus_utils import (
    share_keys_plaintext_concat,
    share_keys_plaintext_separate,
)
from flwr.supercore.primitives.asymmetric import bytes_to_public_key, public_key_to_bytes

from data.table import FloatArray
from fl.privacy.masks import SECRET_BYTES, Masked, Scale, own_mask, pair_mask, private_key
from fl.request import RequestError

STATE = "secure aggregation"
ROUNDING = 11  # keeps the chances of rounding apart from other draws of the same seed


class Site:
    """What one site remembers of secure aggregation in the present round.

    Parameters
    ----------
    context : of its node.
    position : the site.
    """

    def __init__(self, context: Context, position: int) -> None:
        self._context, self._position = context, position

    @property
    def _kept(self) -> ConfigRecord:
        kept = self._context.state.get(STATE)
        if not isinstance(kept, ConfigRecord):
            raise RequestError("it was asked for a later step of secure aggregation than it has come to")
        return kept

    def keys(self, asked: ConfigRecord) -> RecordDict:
        """Begin a round: draw secrets, and return two public keys."""
        pair, channel = os.urandom(SECRET_BYTES), os.urandom(SECRET_BYTES)
        kept = {"pair": pair, "channel": channel, "mask": os.urandom(SECRET_BYTES)}
        numbers = {name: asked[name] for name in ("threshold", "sites", "largest", "bound")}
        self._context.state[STATE] = ConfigRecord({**kept, **numbers})
        public = [public_key_to_bytes(private_key(secret).public_key()) for secret in (pair, channel)]
        return _answer({"pair": public[0], "channel": public[1]})

    def shares(self, asked: ConfigRecord) -> RecordDict:
        """Return both secrets in shares, each encrypted for the neighbour that is to keep it."""
        kept = self._kept
        positions, pairs = cast(list[int], asked["positions"]), cast(list[bytes], asked["pair"])
        channels, threshold = cast(list[bytes], asked["channel"]), cast(int, kept["threshold"])
        if len(positions) < threshold or len(set(pairs + channels)) != 2 * len(positions):
            raise RequestError("too few neighbours with keys of their own are there for secure aggregation")
        own = create_shares(cast(bytes, kept["mask"]), threshold, len(positions))
        pair = create_shares(cast(bytes, kept["pair"]), threshold, len(positions))
        secret = private_key(cast(bytes, kept["channel"]))
        shared, sealed, receivers = [], [], []
        for index, (position, channel) in enumerate(zip(positions, channels, strict=True)):
            if position == self._position:
                kept["own share"], kept["own pair share"] = own[index], pair[index]
                continue
            key = generate_shared_key(secret, bytes_to_public_key(channel))
            shared.append(key)
            receivers.append(position)
            plain = share_keys_plaintext_concat(self._position, position, own[index], pair[index])
            sealed.append(encrypt(key, plain))
        kept["neighbours"], kept["keys"] = receivers, shared
        kept["pairs"] = [key for at, key in zip(positions, pairs, strict=True) if at != self._position]
        return _answer({"receivers": receivers, "sealed": sealed})

    def deliver(self, asked: ConfigRecord) -> RecordDict:
        """Take in the shares that neighbours have encrypted for this site."""
        kept = self._kept
        senders, sealed = cast(list[int], asked["senders"]), cast(list[bytes], asked["sealed"])
        keys = dict(zip(cast(list[int], kept["neighbours"]), cast(list[bytes], kept["keys"]), strict=True))
        if len(senders) + 1 < cast(int, kept["threshold"]):
            raise RequestError("too few neighbours sent it shares for secure aggregation")
        masks, pairs = [], []
        for sender, cipher in zip(senders, sealed, strict=True):
            told, receiver, mask_share, pair_share = share_keys_plaintext_separate(decrypt(keys[sender], cipher))
            if (told, receiver) != (sender, self._position):
                raise RequestError("a share for secure aggregation came from another site than it says")
            masks.append(mask_share)
            pairs.append(pair_share)
        kept["senders"], kept["mask shares"], kept["pair shares"] = senders, masks, pairs
        return _answer({"taken": len(senders)})

    def masked(self, update: FloatArray, rows: int, seed: int, *, alike: bool) -> Masked:
        """Return a (p,) update as (p + 1,) masked whole numbers.

        Parameters
        ----------
        rows : by which it counts, unless all count ``alike``.
        seed : of the chances by which numbers are rounded.
        """
        kept = self._kept
        scale = Scale(cast(int, kept["sites"]), cast(float, kept["bound"]))
        share = 1.0 if alike else min(1.0, rows / cast(int, kept["largest"]))
        total = scale.whole(update, share, np.random.default_rng((ROUNDING, seed)))
        total += own_mask(cast(bytes, kept["mask"]), len(total))
        pairs = dict(zip(cast(list[int], kept["neighbours"]), cast(list[bytes], kept["pairs"]), strict=True))
        secret = private_key(cast(bytes, kept["pair"]))
        for other in cast(list[int], kept["senders"]):
            drawn = pair_mask(generate_shared_key(secret, bytes_to_public_key(pairs[other])), len(total))
            total = total + drawn if self._position > other else total - drawn
        return total

    def unmask(self, asked: ConfigRecord) -> RecordDict:
        """Return shares that take masks off: of each present neighbour its own mask, of each absent one its key.

        Both of one site would lay its update bare, so no site gives both, and none answers twice.
        """
        kept, present, absent = self._kept, set(_ints(asked, "present")), set(_ints(asked, "absent"))
        if present & absent or len(present) < cast(int, kept["threshold"]):
            raise RequestError("it gives no shares that could lay a single update bare")
        at = {sender: place for place, sender in enumerate(cast(list[int], kept["senders"]))}
        masks, pairs = cast(list[bytes], kept["mask shares"]), cast(list[bytes], kept["pair shares"])
        found = {each: masks[at[each]] for each in present - {self._position}}
        found |= {each: pairs[at[each]] for each in absent}
        found[self._position] = cast(bytes, kept["own share"])
        del self._context.state[STATE]
        return _answer({"owners": list(found), "shares": list(found.values())})


def _ints(asked: ConfigRecord, name: str) -> list[int]:
    return cast(list[int], asked[name])


def _answer(values: dict[str, bytes | int | list[int] | list[bytes]]) -> RecordDict:
    return RecordDict({"secure": ConfigRecord(values)})  # type: ignore[arg-type]
