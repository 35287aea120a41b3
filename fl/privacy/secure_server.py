"""The coordinator's half of secure aggregation: it learns the sum of the updates of a round and none of them.

See fl.privacy.secure_site. Sites are arranged in a ring drawn anew for each round; each shares its secrets with its
neighbours there, so that the work grows with the logarithm of the number of sites.
"""

import math
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.common.secure_aggregation.crypto.shamir import combine_shares
from flwr.common.secure_aggregation.crypto.symmetric_encryption import generate_shared_key
from flwr.supercore.primitives.asymmetric import bytes_to_public_key

from data.table import FloatArray
from fl.course import Course
from fl.grid.flower import LiveArray, values_of
from fl.grid.watched import WatchedGrid
from fl.privacy.masks import Masked, Scale, own_mask, pair_mask, private_key
from fl.watcher import QuorumLost

ALL_NEIGHBOURS = 16  # sites up to which everybody is everybody's neighbour

Keys = dict[int, tuple[bytes, bytes]]


def neighbours_of(sites: int) -> int:
    """Return how many sites, itself included, hold shares of one site's secrets: about 4 log₂ of all, and odd."""
    return sites if sites <= ALL_NEIGHBOURS else min(sites, 2 * math.ceil(2 * math.log2(sites)) + 1)


def threshold_of(part: float, neighbours: int) -> int:
    """Return how many shares give a secret back: ``part`` of them, at least 2 and more than half."""
    return max(2, neighbours // 2 + 1, math.ceil(part * neighbours - 1e-9))


class SecureSum:
    """Carries out the rounds of one federation.

    Parameters
    ----------
    grid : carries messages.
    course : the federation.

    Attributes
    ----------
    seconds : that the last round took beyond training.
    """

    def __init__(self, grid: WatchedGrid, course: Course) -> None:
        self._grid, self._course = grid, course
        self._scale = Scale(len(course.sites), BOUND)
        self.seconds = 0.0

    def send_and_receive(self, messages: Sequence[Message]) -> list[Message]:
        """Return a reply for each site whose update is in the sum; all hold the same mean.

        Raises
        ------
        QuorumLost
            When too few sites answer, or too few shares come back to take the masks off.
        Cancelled
            When a stop was asked for.
        """
        began, grid = time.perf_counter(), self._grid
        asked = grid.open_round(messages)
        around = self._ring([grid.position_of(message) for message in asked])
        keys = self._keys(list(around))
        senders = self._share(around, keys)
        there = {position for position in senders if position in self._deliver(senders)}
        exchanged = time.perf_counter() - began
        replies = grid.receive_masked([message for message in asked if grid.position_of(message) in there])
        began = time.perf_counter()
        grid.check_quorum(replies, len(asked))
        mean = self._unmask(senders, keys, replies)
        self.seconds = exchanged + time.perf_counter() - began
        return [_same(replies[position], grid.weights + mean) for position in sorted(replies)]

    def _ring(self, positions: list[int]) -> dict[int, list[int]]:
        """Return position → its neighbours, itself among them."""
        order, count = positions.copy(), len(positions)
        random.Random(self._grid.round).shuffle(order)  # noqa: S311  who is whose neighbour is no secret
        half = neighbours_of(count) // 2
        if neighbours_of(count) == count:
            return {position: sorted(positions) for position in order}
        return {
            position: sorted({order[(at + step) % count] for step in range(-half, half + 1)})
            for at, position in enumerate(order)
        }

    def _threshold(self, asked: int) -> int:
        return threshold_of(self._course.request.secure_threshold, neighbours_of(asked))

    def _keys(self, positions: list[int]) -> Keys:
        numbers: dict[str, Any] = {
            "threshold": self._threshold(len(positions)),
            "sites": self._scale.sites,
            "bound": self._scale.bound,
            "largest": max(site.samples for site in self._course.sites),
        }
        answers = self._ask("query.secure_keys", dict.fromkeys(positions, numbers))
        return {at: (cast(bytes, found["pair"]), cast(bytes, found["channel"])) for at, found in answers.items()}

    def _share(self, around: Mapping[int, list[int]], keys: Keys) -> dict[int, dict[int, bytes]]:
        """Return position → sender → what that one sealed for it; of sites that have sent their shares."""
        contents: dict[int, dict[str, Any]] = {}
        for position in keys:
            near = [each for each in around[position] if each in keys]
            contents[position] = {
                "positions": near,
                "pair": [keys[each][0] for each in near],
                "channel": [keys[each][1] for each in near],
            }
        answers = self._ask("query.secure_shares", contents)
        boxes: dict[int, dict[int, bytes]] = {position: {} for position in answers}
        for sender, found in answers.items():
            receivers, sealed = cast(list[int], found["receivers"]), cast(list[bytes], found["sealed"])
            for receiver, box in zip(receivers, sealed, strict=True):
                if receiver in boxes:
                    boxes[receiver][sender] = box
        return boxes

    def _deliver(self, boxes: Mapping[int, Mapping[int, bytes]]) -> set[int]:
        contents = {at: {"senders": list(own), "sealed": list(own.values())} for at, own in boxes.items()}
        return set(self._ask("query.secure_deliver", contents))

    def _unmask(
        self, boxes: Mapping[int, Mapping[int, bytes]], keys: Keys, replies: Mapping[int, Message]
    ) -> FloatArray:
        present, absent = set(replies), set(boxes) - set(replies)
        total = np.zeros(len(self._grid.weights) + 1, dtype=np.uint32)
        for reply in replies.values():
            total += values_of(reply.content.array_records["arrays"]["weights"])
        contents = {
            at: {
                "present": sorted(({*boxes[at]} | {at}) & present),
                "absent": sorted({*boxes[at]} & absent),
            }
            for at in present
        }
        shares: dict[int, list[bytes]] = {}
        for found in self._ask("query.secure_unmask", contents).values():
            for owner, share in zip(cast(list[int], found["owners"]), cast(list[bytes], found["shares"]), strict=True):
                shares.setdefault(owner, []).append(share)
        wanted = self._threshold(len(keys))
        few = [at for at in present | absent if at in present or any(at in boxes[other] for other in present)]
        if lacking := [at for at in few if len(shares.get(at, [])) < wanted]:
            name = self._course.sites[lacking[0]].name
            raise QuorumLost(
                f"the masks of round {self._grid.round} cannot be taken off: {len(shares.get(lacking[0], []))} shares "
                f"of a secret of {name} came back, {wanted} are needed."
            )
        for at in few:
            secret = combine_shares(shares[at][:wanted])
            if at in present:
                total -= own_mask(secret, len(total))
            else:
                self._take_off_pairs(total, at, secret, [other for other in present if at in boxes[other]], keys)
        return self._scale.mean(total, len(present))

    def _take_off_pairs(self, total: Masked, absent: int, secret: bytes, others: list[int], keys: Keys) -> None:
        """Take off what others added for a site whose own half never came."""
        own = private_key(secret)
        for other in others:
            drawn = pair_mask(generate_shared_key(own, bytes_to_public_key(keys[other][0])), len(total))
            if other > absent:
                total -= drawn
            else:
                total += drawn

    def _ask(self, message_type: str, contents: Mapping[int, Mapping[str, Any]]) -> dict[int, ConfigRecord]:
        records = {at: RecordDict({"secure": ConfigRecord(dict(own))}) for at, own in contents.items()}
        found = self._grid.exchange(message_type, records)
        return {at: reply.content.config_records["secure"] for at, reply in found.items()}


BOUND = 8.0  # a weight changes by no more in a round; Flower's own workflow has the same


def _same(reply: Message, mean: FloatArray) -> Message:
    """Return a site's reply with the mean in place of what it sent, so that a strategy joins equal parts."""
    arrays = ArrayRecord()
    arrays["weights"] = LiveArray(mean.astype(np.float32))
    reply.content = RecordDict({"arrays": arrays, "metrics": MetricRecord({"num-examples": 1})})
    return reply
