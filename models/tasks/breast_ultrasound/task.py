"""Breast ultrasound: is the mass malignant (BreastMNIST: 780 pictures at 28 pixels, Al-Dhabyani et al. 2020)."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from data.public_images import official
from data.table import Dataset, Pictures
from models.frozen_pictures import FrozenPictures
from models.task import Training

if TYPE_CHECKING:
    from torch import nn

SIDE = 28  # pixels
_FILE = "breastmnist/breastmnist.npz"
_PAGE = "https://zenodo.org/records/10519652"


@cache
def _pictures() -> Dataset:
    found = official(_FILE, "BreastMNIST", _PAGE)
    return Dataset(
        found.pictures,
        1 - found.y,  # there 0 is malignant
        "BreastMNIST, 780 ultrasound pictures of women, Baheya Hospital, Cairo, 2018",
        parts=found.parts,
    )


class BreastUltrasound(FrozenPictures):
    """Pictures of one hospital at 28 pixels, with their official split."""

    name = "breast_ultrasound"
    title = "Breast ultrasound"
    question = "Does this breast ultrasound show a malignant mass?"
    classes = ("normal or benign", "malignant")
    pictures = Pictures("a breast ultrasound", SIDE)
    seen, mirrored = 168, True
    explained_by = ("What are the symptoms of breast cancer?", "Which tests find breast cancer?")
    # by cross-validation of the training and validation pictures: dropout and smaller steps stop short of the optimum
    training = Training(rounds=30, batch_size=16, learning_rate=3e-3, decay=0.95, sites=4)
    licence = "CC BY 4.0 (MedMNIST v2, Zenodo 10519652)"
    shows_cases = True

    def public(self) -> Dataset:
        """Return the 780 pictures with their official split."""
        return _pictures()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` drawn pictures of a dark spot in speckle; for trying things out only."""
        random = np.random.default_rng(seed)
        down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE
        y = (random.random(n) < 0.4).astype(np.int64)
        x = np.empty((n, SIDE, SIDE), dtype=np.uint8)
        for row, label in enumerate(y):
            angle = np.arctan2(down - 0.5, across - 0.5)
            edge = 0.2 + label * 0.07 * np.sin(random.integers(4, 8) * angle + random.uniform(0, 6))
            spot = 1 / (1 + np.exp(40 * (np.hypot(down - 0.5, across - 0.5) - edge)))
            speckle = random.gamma(4.0, 1 / 4, (SIDE, SIDE))
            x[row] = np.clip((130 - 95 * spot) * speckle, 0, 255)
        return Dataset(x, y, f"drawn, seed {seed}", synthetic=True)

    def answer(self, chosen: int) -> str:
        """Return the answer as a sentence."""
        return "A malignant mass is likely." if chosen else "A malignant mass is unlikely."

    def network(self) -> "nn.Module":
        """Return a fresh layer over the features."""
        from models.tasks.breast_ultrasound.network import make

        return make()


TASK = BreastUltrasound()
