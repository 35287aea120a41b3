"""The way from a photograph to the logit of glaucoma in one piece, to see where a model looked."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate

from data.table import FloatArray
from models.backbone import as_input, hookable, maps_of, pooled
from models.fundus import CROPS, SIDE, VIEWS, disc, views
from models.looking import LAYER, Looking
from models.preparation import Preparation

_CELL = 4  # pixels of a field of the map


class _Whole(nn.Module):
    def __init__(self, network: nn.Module, preparation: Preparation) -> None:
        super().__init__()
        self.backbone, self.head = hookable(), network
        self.mean, self.scale = (torch.from_numpy(each.copy()) for each in (preparation.mean, preparation.scale))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, 1) logits of (n, VIEWS · 3, side, side)."""
        one_by_one = x.reshape(len(x), VIEWS, 3, *x.shape[2:]).transpose(0, 1).flatten(0, 1)
        rows = pooled(maps_of(one_by_one, self.backbone)).reshape(VIEWS, len(x), -1).transpose(0, 1).flatten(1)
        logits: Tensor = self.head((rows - self.mean) / self.scale)
        return logits


def joined(maps: FloatArray, photo: NDArray[np.uint8]) -> FloatArray:
    """Return (VIEWS, h, w) maps of the views as one over the photograph: each is added where it was cut out."""
    row, column = disc(photo)
    wide, half = SIDE // _CELL, max(CROPS) // 2 // _CELL
    sheet = np.zeros((wide + 2 * half, wide + 2 * half), dtype=np.float32)
    middles = [(SIDE // 2, SIDE // 2), *((row, column) for _ in CROPS)]
    for view, size, (down, across) in zip(maps, (SIDE, *CROPS), middles, strict=True):
        cells = size // _CELL
        fine = interpolate(torch.from_numpy(view)[None, None], size=(cells, cells), mode="bilinear")[0, 0].numpy()
        top, left = (at // _CELL + half - cells // 2 for at in (down, across))
        sheet[top : top + cells, left : left + cells] += fine
    return sheet[half : half + wide, half : half + wide]


def over_views(network: nn.Module, preparation: Preparation, side: int) -> Looking:
    """Return backbone and head in one piece."""

    def of(photos: NDArray[Any]) -> Tensor:
        seen = [views(photo) for photo in photos]
        return torch.cat([as_input(np.stack([each[k] for each in seen]), side) for k in range(VIEWS)], 1)

    whole = _Whole(network, preparation).eval()
    return Looking(of, whole, whole.backbone[LAYER + 1], joined)
