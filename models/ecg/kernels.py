"""A beat as numbers: random convolutions over it, and over how it differs from the usual beat of its recording.

ROCKET, Dempster, Petitjean and Webb 2020, https://arxiv.org/abs/1910.13051: each kernel gives how often it answers
above 0 and how high. Here the kernels are drawn once and are the same everywhere, so that sites need to agree on
nothing, and they look no further than the beat reaches, since behind it is padding.

Others see the same beat stretched so that every heart rate fills the same room: the next beat then comes where it is
due, and what comes early or late stands out.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from models.ecg.beats import LENGTH

if TYPE_CHECKING:
    from torch import Tensor

NAME = "rocket-2"
KERNELS = 80  # of each dilation
DILATIONS = (1, 2, 4, 8, 16)  # samples, 8 ms
SECTIONS = ((0, 20), (20, 80), (80, 130), (130, LENGTH))  # samples of a stretched beat
FEATURES = 4 * 2 * KERNELS * len(DILATIONS) + 4 + 2 * len(SECTIONS) + 2
_WIDTH = 9
_UNLIKE = 4.0  # differences are smaller than beats
_NEXT = 120  # sample of a stretched beat from which on the next one rises; it is due at 156


def numbers_of(rows: NDArray[Any]) -> FloatArray:
    """Return the (n, FEATURES) numbers of (n, 374) bytes, beats beside usual ones (models.ecg.beats.beside_usual).

    400 kernels see the beat, scaled to mean 0 and deviation 1, and 400 its difference from the usual one. Then follow
    how far the beat reaches, how much less that is than usual, its correlation with the usual one, and their mean
    difference. As many kernels again see both stretched over all 187 samples; the last numbers are correlation and mean
    difference in each of SECTIONS, and where and how high the next beat peaks.
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
            *_stretched_numbers(_stretched(beat, mask), _stretched(usual, known)),
        ]
        found: FloatArray = torch.cat(parts, 1).numpy()
    return found


def _stretched(x: "Tensor", mask: "Tensor") -> "Tensor":
    """Return (n, 187) what reaches as far as the (n, 187) mask, stretched over all samples."""
    import torch

    reach = mask.sum(1, keepdim=True).clamp(min=2)
    at = torch.linspace(0, 1, LENGTH) * (reach - 1)
    before = at.floor().long()
    after = (before + 1).clamp(max=LENGTH - 1)
    part = at - before
    return x.gather(1, before) * (1 - part) + x.gather(1, after) * part


def _stretched_numbers(beat: "Tensor", usual: "Tensor") -> "list[Tensor]":
    """Return the numbers, each (n, ...), of (n, 187) stretched beats beside usual ones."""
    import torch

    whole = torch.ones_like(beat)
    parts = [_answers(_scaled(beat, whole), whole, 2), _answers((beat - usual) * _UNLIKE, whole, 3)]
    for start, end in SECTIONS:
        one, other = beat[:, start:end], usual[:, start:end]
        alike = (_scaled(one, whole[:, start:end]) * _scaled(other, whole[:, start:end])).mean(1, keepdim=True)
        parts += [alike, (one - other).abs().mean(1, keepdim=True)]
    following = beat[:, _NEXT:]
    where = following.argmax(1, keepdim=True) / (LENGTH - _NEXT)
    return [*parts, where, following.amax(1, keepdim=True)]


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
