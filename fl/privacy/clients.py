"""Differential privacy for whole sites: the mean update hides whether any one site took part.

McMahan et al. (2018), "Learning Differentially Private Recurrent Language Models", https://arxiv.org/abs/1710.06963.
Flower's wrapper with fixed clipping does it; what differs here is said at ``Noised``.
"""

from collections.abc import Iterable

import numpy as np
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.serverapp.strategy import DifferentialPrivacyServerSideFixedClipping, FedAvg

from data.table import FloatArray
from fl.local import seed_of

NOISE = 1_000_002  # position, for the seed, of the noise on the mean


class Noised(DifferentialPrivacyServerSideFixedClipping):
    """Flower's wrapper around a strategy that averages.

    Every update counts alike, whatever its number of rows; the noise is that of a mean over the sites that answered
    (who they are is no secret), and it is drawn anew for each round from the run's seed, so that a run that was
    interrupted ends with the same bits.

    Parameters
    ----------
    strategy : averages.
    noise : as a multiple of ``clip``.
    clip : the longest that an update may be.
    seed : of the run.
    """

    def __init__(self, strategy: FedAvg, *, noise: float, clip: float, seed: int) -> None:
        super().__init__(strategy, noise, clip, num_sampled_clients=1)
        self._seed = seed

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Return the mean of the clipped updates, with noise."""
        found = list(replies)
        self.num_sampled_clients = max(1, len(found))
        start = self.current_arrays["weights"].numpy()
        for reply in found:
            # anew, because what an executor of this process answers shows the arrays it came with, whatever Flower
            # puts in their place
            weights = Array(moved(reply.content.array_records["arrays"]["weights"].numpy(), start))
            arrays, metrics = ArrayRecord({"weights": weights}), MetricRecord({self._weight: 1})
            reply.content = RecordDict({"arrays": arrays, "metrics": metrics})
        np.random.seed(seed_of(self._seed, server_round, NOISE) % 2**32)  # what Flower draws from
        return super().aggregate_train(server_round, found)

    @property
    def _weight(self) -> str:
        assert isinstance(self.strategy, FedAvg)
        return self.strategy.weighted_by_key


def moved(weights: FloatArray, start: FloatArray) -> FloatArray:
    """Return (p,) ``weights`` that differ from ``start`` by at least one bit: Flower divides by the difference."""
    if np.array_equal(weights, start):
        weights[0] = np.nextafter(weights[0], np.float32(np.inf))
    return weights
