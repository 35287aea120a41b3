"""A beat as numbers: random convolutions over it, and over how it differs from the usual beat of its recording.

ROCKET, Dempster, Petitjean and Webb 2020, https://arxiv.org/abs/1910.13051: each kernel gives how often it answers
above 0 and how high. Here the kernels are drawn once and are the same everywhere, so that sites need to agree on
nothing, and they look no further than the beat reaches, since behind it is padding.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from models.ecg.beats import LENGTH

if TYPE_CHECKING:
    from torch import Tensor

NAME = "rocket-1"
KERNELS = 80  # of each dilation
DILATIONS = (1, 2, 4, 8, 16)  # samples, 8 ms
FEATURES = 2 * 2 * KERNELS * len(DILATIONS) + 4
_WIDTH = 9
_UNLIKE = 4.0  # differences are smaller than beats


def numbers_of(rows: NDArray[Any]) -> FloatArray:
    """Return the (n, FEATURES) numbers of (n, 374) bytes, beats beside usual ones (models.ecg.beats.beside_usual).

    400 kernels see the beat, scaled to mean 0 and deviation 1, and 400 its difference from the usual one. The last four
    numbers are how far the beat reaches, how much less that is than usual, its correlation with the usual one, and
    their mean difference.
    """
    import torch

    torch.set_num_threads(1)  # sums then do not depend on the machine
    both = torch.from_numpy(rows.astype(np.float32) / np.float32(255))
    with torch.inference_mode():
        beat, usual = both[:, :LENGTH], both[:, LENGTH:]
        mask, known = _reach(beat), _reach(usual)
        shared = mask * known
        difference = (beat - usual) * shared * _UNLIKE
        alike = (_scaled(beat, shared) * _scaled(usual, shared)).mean(1, keepdim=True) * LENGTH / _count(shared)
        reach, usual_reach = mask.mean(1, keepdim=True), known.mean(1, keepdim=True)
        parts = [
            _answers(_scaled(beat, mask), mask, 0),
            _answers(difference, shared, 1),
            reach,
            reach - usual_reach,
            alike,
            difference.abs().mean(1, keepdim=True),
        ]
        found: FloatArray = torch.cat(parts, 1).numpy()
    return found


@cache
def kernels(which: int) -> "tuple[Tensor, Tensor]":
    """Return (dilations, kernels, 9) weights of mean 0 and (dilations, kernels) biases from -1 to 1."""
    import torch

    drawn = np.random.default_rng(which)
    weights = drawn.normal(size=(len(DILATIONS), KERNELS, _WIDTH))
    weights -= weights.mean(2, keepdims=True)
    biases = drawn.uniform(-1, 1, (len(DILATIONS), KERNELS))
    return torch.from_numpy(weights.astype(np.float32)), torch.from_numpy(biases.astype(np.float32))


def _answers(x: "Tensor", mask: "Tensor", which: int) -> "Tensor":
    """Return (n, 2 · 400) how often, and how high at most, each kernel answers where the (n, 187) mask is 1."""
    import torch
    from torch.nn.functional import conv1d

    weights, biases = kernels(which)
    parts = []
    for dilation, weight, bias in zip(DILATIONS, weights, biases, strict=True):
        padding = _WIDTH // 2 * dilation
        answer = conv1d(x.unsqueeze(1), weight.unsqueeze(1), bias, dilation=dilation, padding=padding)
        inside = mask.unsqueeze(1)
        parts.append(((answer > 0) * inside).sum(2) / _count(mask))
        parts.append(answer.masked_fill(inside == 0, -torch.inf).amax(2))
    return torch.cat(parts, 1).nan_to_num(neginf=0.0)


def _reach(x: "Tensor") -> "Tensor":
    """Return (n, length) 1 up to the last sample of (n, length) beats that is not 0, and 0 in the padding behind."""
    return (x != 0).float().flip(1).cummax(1).values.flip(1)


def _count(mask: "Tensor") -> "Tensor":
    return mask.sum(1, keepdim=True).clamp(min=1)


def _scaled(x: "Tensor", mask: "Tensor") -> "Tensor":
    """Return (n, length) with mean 0 and deviation 1 where the mask is 1, and 0 elsewhere."""
    middle = (x * mask).sum(1, keepdim=True) / _count(mask)
    spread = (((x - middle) * mask) ** 2).sum(1, keepdim=True) / _count(mask)
    return (x - middle) * mask / (spread.sqrt() + 1e-3)
