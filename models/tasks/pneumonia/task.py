"""Pneumonia: is there pneumonia on the chest X-ray of a child (Kermany et al. 2018, 5856 X-rays, Guangzhou)."""

import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.public_images import arrays, labels
from data.table import Dataset, FloatArray, Pictures
from models.backbone import NAME, mid
from models.task import Task, Training

if TYPE_CHECKING:
    from torch import nn

    from models.looking import Looking
    from models.preparation import Preparation

SIDE, SEEN = 64, 128  # pixels that are kept, and that they are enlarged to
_FILE = "chest_xray_pediatric/pediatric_cxr_64.npz"
_PAGE = "https://data.mendeley.com/datasets/rscbjbr9sj"
_CALIBRATION = 250  # X-rays of each class, of children that are not trained on


def _child(name: str) -> str:
    """Return whose X-ray a file is: person9_bacteria_39.jpeg → person9, IM-0115-0001.jpeg → IM-0115."""
    found = re.match(r"person\d+|(NORMAL2-)?IM-\d+", name)
    return found.group() if found else name


@cache
def _xrays() -> Dataset:
    found = arrays(_FILE, "Chest X-rays of children", _PAGE)
    pictures = [found[f"{part}_images"] for part in ("train", "val", "test")]
    y = np.concatenate([labels(found[f"{part}_labels"]) for part in ("train", "val", "test")])
    names = [str(name) for part in ("train", "val", "test") for name in found[f"{part}_files"]]
    official = np.repeat([0, 1, 2], [len(part) for part in pictures])
    # test names count their children anew, so those of the test folder are others by name
    groups = [("test " if part == 2 else "") + _child(name) for name, part in zip(names, official, strict=True)]
    parts = official.copy()
    for label in (0, 1):
        order = sorted({g for g, k, p in zip(groups, y, official, strict=True) if k == label and p < 2}, key=_order)
        room = _CALIBRATION
        for group in order:
            rows = [i for i in range(len(y)) if groups[i] == group and official[i] < 2]
            parts[rows] = 1 if room > 0 else 0
            room -= len(rows)
    return Dataset(
        np.concatenate(pictures),
        y,
        "Chest X-rays of children, 5856 X-rays, Guangzhou Women and Children's Medical Center, 2018",
        groups=tuple(groups),
        parts=parts.astype(np.int64),
    )


def _order(group: str) -> str:
    return hashlib.sha256(group.encode()).hexdigest()


class Pneumonia(Task):
    """X-rays of children of one to five years from one hospital; the official 624 test images are held out."""

    name = "pneumonia"
    title = "Pneumonia"
    question = "Does this chest X-ray of a child show pneumonia?"
    modality = "image"
    classes = ("no pneumonia", "pneumonia")
    pictures = Pictures("a chest X-ray", SIDE)
    encoder = f"{NAME}-{SEEN}"
    explained_by = ("What are the symptoms of pneumonia?", "How is pneumonia treated?")
    # fixed beforehand: validation by child is saturated and ranks nothing
    training = Training(rounds=20, batch_size=32, learning_rate=1e-3, decay=0.95, weight_decay=1e-2, sites=4)
    aim = 0.95
    licence = "CC BY 4.0 (Mendeley Data rscbjbr9sj)"

    def public(self) -> Dataset:
        """Return all X-rays with the official test folder held out; calibration has as many of either class."""
        return _xrays()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` drawn pictures of two lungs, some with a white patch; for trying things out only."""
        from models.tasks.pneumonia.drawing import draw

        return draw(n, seed)

    def encode(self, x: NDArray[Any]) -> FloatArray:
        """Return the (n, 1152) features."""
        return mid(x, SEEN)

    def looking(self, network: "nn.Module", preparation: "Preparation") -> "Looking":
        """Return backbone and head in one piece."""
        from models.looking import over_backbone

        return over_backbone(network, preparation, SEEN)

    def answer(self, chosen: int) -> str:
        """Return the answer as a sentence."""
        return "Pneumonia is likely." if chosen else "Pneumonia is unlikely."

    def network(self) -> "nn.Module":
        """Return a fresh layer over the features."""
        from models.tasks.pneumonia.network import make

        return make()


TASK = Pneumonia()
