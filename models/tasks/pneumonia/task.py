"""Pneumonia: is there pneumonia on the chest X-ray of a child (Kermany et al. 2018, 5856 X-rays, Guangzhou)."""

import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING

from data.public_images import official
from data.table import Dataset, Pictures
from models.frozen_pictures import FrozenPictures
from models.task import Training

if TYPE_CHECKING:
    from torch import nn

SIDE = 64  # pixels
_FILE = "chest_xray_pediatric/pediatric_cxr_64.npz"
_PAGE = "https://data.mendeley.com/datasets/rscbjbr9sj"
_CALIBRATION = 250  # X-rays of each class, of children that are not trained on


def _child(name: str) -> str:
    """Return whose X-ray a file is: person9_bacteria_39.jpeg → person9, IM-0115-0001.jpeg → IM-0115."""
    found = re.match(r"person\d+|(NORMAL2-)?IM-\d+", name)
    return found.group() if found else name


@cache
def _xrays() -> Dataset:
    found = official(_FILE, "Chest X-rays of children", _PAGE)
    # test names count their children anew, so those of the test folder are others by name
    groups = [("test " if k == 2 else "") + _child(name) for name, k in zip(found.names, found.parts, strict=True)]
    parts = found.parts.copy()
    for label in (0, 1):
        order = sorted(
            {g for g, k, p in zip(groups, found.y, found.parts, strict=True) if k == label and p < 2}, key=_order
        )
        room = _CALIBRATION
        for group in order:
            rows = [i for i in range(len(groups)) if groups[i] == group and found.parts[i] < 2]
            parts[rows] = 1 if room > 0 else 0
            room -= len(rows)
    return Dataset(
        found.pictures,
        found.y,
        "Chest X-rays of children, 5856 X-rays, Guangzhou Women and Children's Medical Center, 2018",
        groups=tuple(groups),
        parts=parts,
    )


def _order(group: str) -> str:
    return hashlib.sha256(group.encode()).hexdigest()


class Pneumonia(FrozenPictures):
    """X-rays of children of one to five years from one hospital; the official 624 test images are held out."""

    name = "pneumonia"
    title = "Pneumonia"
    question = "Does this chest X-ray of a child show pneumonia?"
    classes = ("no pneumonia", "pneumonia")
    pictures = Pictures("a chest X-ray", SIDE)
    seen = 128
    explained_by = ("What are the symptoms of pneumonia?", "How is pneumonia treated?")
    # fixed beforehand: validation by child is saturated and ranks nothing
    training = Training(rounds=20, batch_size=32, learning_rate=1e-3, decay=0.95, weight_decay=1e-2, sites=4)
    aim = 0.95
    licence = "CC BY 4.0 (Mendeley Data rscbjbr9sj)"
    shows_cases = True

    def public(self) -> Dataset:
        """Return all X-rays with the official test folder held out; calibration has as many of either class."""
        return _xrays()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` drawn pictures of two lungs, some with a white patch; for trying things out only."""
        from models.tasks.pneumonia.drawing import draw

        return draw(n, seed)

    def answer(self, chosen: int) -> str:
        """Return the answer as a sentence."""
        return "Pneumonia is likely." if chosen else "Pneumonia is unlikely."

    def network(self) -> "nn.Module":
        """Return a fresh layer over the features."""
        from models.tasks.pneumonia.network import make

        return make()


TASK = Pneumonia()
