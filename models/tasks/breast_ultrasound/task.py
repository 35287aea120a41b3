"""Breast ultrasound: is the mass malignant (BreastMNIST: 780 pictures at 28 pixels, Al-Dhabyani et al. 2020)."""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.public_images import arrays, labels
from data.table import Dataset, FloatArray, Pictures
from models.backbone import NAME, mirrored_mid
from models.task import Task, Training

if TYPE_CHECKING:
    from torch import nn

    from models.looking import Looking
    from models.preparation import Preparation

SIDE, SEEN = 28, 168  # pixels that are kept, and that they are enlarged to
_FILE = "breastmnist/breastmnist.npz"
_PAGE = "https://zenodo.org/records/10519652"


@cache
def _pictures() -> Dataset:
    found = arrays(_FILE, "BreastMNIST", _PAGE)
    parts = ("train", "val", "test")
    return Dataset(
        np.concatenate([found[f"{part}_images"] for part in parts]),
        1 - np.concatenate([labels(found[f"{part}_labels"]) for part in parts]),  # there 0 is malignant
        "BreastMNIST, 780 ultrasound pictures of women, Baheya Hospital, Cairo, 2018",
        parts=np.repeat([0, 1, 2], [len(found[f"{part}_images"]) for part in parts]).astype(np.int64),
    )


class BreastUltrasound(Task):
    """Pictures of one hospital at 28 pixels, with their official split."""

    name = "breast_ultrasound"
    title = "Breast ultrasound"
    question = "Does this breast ultrasound show a malignant mass?"
    modality = "image"
    classes = ("normal or benign", "malignant")
    pictures = Pictures("a breast ultrasound", SIDE)
    encoder = f"{NAME}-mirrored-{SEEN}"
    explained_by = ("What are the symptoms of breast cancer?", "Which tests find breast cancer?")
    training = Training(rounds=30, batch_size=16, learning_rate=1e-3, decay=0.95, weight_decay=1e-2, sites=4)
    licence = "CC BY 4.0 (MedMNIST v2, Zenodo 10519652)"

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

    def encode(self, x: NDArray[Any]) -> FloatArray:
        """Return the (n, 1152) features, the mean of a picture's and its mirror's."""
        return mirrored_mid(x, SEEN)

    def looking(self, network: "nn.Module", preparation: "Preparation") -> "Looking":
        """Return backbone and head in one piece."""
        from models.looking import over_backbone

        return over_backbone(network, preparation, SEEN)

    def answer(self, chosen: int) -> str:
        """Return the answer as a sentence."""
        return "A malignant mass is likely." if chosen else "A malignant mass is unlikely."

    def network(self) -> "nn.Module":
        """Return a fresh layer over the features."""
        from models.tasks.breast_ultrasound.network import make

        return make()


TASK = BreastUltrasound()
