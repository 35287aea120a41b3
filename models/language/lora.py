"""Low-rank adapters: what they are, and how updates of them are joined.

LoRA (Hu et al. 2021, https://arxiv.org/abs/2106.09685) adds B·A, of low rank, to a frozen layer. The mean of the sites'
B·A is not the product of the means of their B and A; the difference is the aggregation error. FFA-LoRA (Sun et al.
2024, https://arxiv.org/abs/2403.12313) draws A once, freezes it and trains B alone: the mean is then exact, and half as
much travels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from settings import get_settings

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Lora:
    """How adapters are made.

    Parameters
    ----------
    layers : names of the adapted layers; () for those that peft takes for the architecture, queries and values.
    trains : ``b``, or ``ab`` to train and send A too.
    """

    rank: int
    alpha: float
    dropout: float
    layers: tuple[str, ...]
    trains: str

    @classmethod
    def of_settings(cls) -> "Lora":
        """Return what the settings say."""
        settings = get_settings()
        layers = tuple(filter(None, (name.strip() for name in settings.lora_layers.split(","))))
        return cls(settings.lora_rank, settings.lora_alpha, settings.lora_dropout, layers, settings.lora_trains)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Factors:
    """Where one layer's factors are in the flat weights.

    Parameters
    ----------
    b, b_shape : first number of B, and its shape (outputs, rank).
    a, a_shape : the same of A (rank, inputs); ``a`` is None where A is frozen.
    frozen : (rank, inputs) the frozen A.
    """

    b: int
    b_shape: tuple[int, int]
    a: int | None
    a_shape: tuple[int, int]
    frozen: FloatArray | None = None

    def of(self, weights: NDArray[Any]) -> tuple[Array, Array]:
        """Return B and A of (p,) weights."""
        b = weights[self.b : self.b + self.b_shape[0] * self.b_shape[1]].reshape(self.b_shape).astype(np.float64)
        if self.a is None:
            assert self.frozen is not None
            return b, self.frozen.astype(np.float64)
        end = self.a + self.a_shape[0] * self.a_shape[1]
        return b, weights[self.a : end].reshape(self.a_shape).astype(np.float64)

    def put(self, weights: FloatArray, b: Array, a: Array) -> None:
        """Write B and A into (p,) weights; A only where it is trained."""
        weights[self.b : self.b + b.size] = b.ravel()
        if self.a is not None:
            weights[self.a : self.a + a.size] = a.ravel()


def aggregation_error(factors: Sequence[Factors], weights: FloatArray, shares: Array, joined: FloatArray) -> float:
    """Return how far the joined adapters are from the mean of the sites' adapters, as a part of the length of that.

    Parameters
    ----------
    weights : (s, p) what the sites sent.
    shares : (s,) part of each in the mean.
    joined : (p,) what was made of it.
    """
    off = whole = 0.0
    for wanted, (b, a) in zip(_means(factors, weights, shares), (each.of(joined) for each in factors), strict=True):
        off += float(np.square(b @ a - wanted).sum())
        whole += float(np.square(wanted).sum())
    return float(np.sqrt(off / whole)) if whole else 0.0


def joined_by_svd(factors: Sequence[Factors], weights: FloatArray, shares: Array) -> FloatArray:
    """Return (p,) weights whose adapters are the best of their rank for the mean of the sites' adapters.

    By truncated singular value decomposition, the singular values shared evenly between B and A.
    """
    joined: FloatArray = (shares @ weights.astype(np.float64)).astype(np.float32)
    for each, wanted in zip(factors, _means(factors, weights, shares), strict=True):
        rank = each.a_shape[0]
        u, sizes, v = np.linalg.svd(wanted, full_matrices=False)
        root = np.sqrt(sizes[:rank])
        b, a = np.zeros(each.b_shape), np.zeros(each.a_shape)
        b[:, : len(root)], a[: len(root)] = u[:, :rank] * root, root[:, None] * v[:rank]
        each.put(joined, b, a)
    return joined


def _means(factors: Sequence[Factors], weights: FloatArray, shares: Array) -> Iterator[Array]:
    """Yield for each layer the mean of the sites' B·A."""
    for each in factors:
        mean = np.zeros((each.b_shape[0], each.a_shape[1]))
        for share, own in zip(shares, weights, strict=True):
            b, a = each.of(own)
            mean += share * (b @ a)
        yield mean
