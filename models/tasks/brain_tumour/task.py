"""Brain tumour: does a slice of MRI show one (Br35H, 542 different pictures of unknown origin)."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from data.public_images import folder, listed
from data.table import Dataset, Pictures
from models.frozen_pictures import FrozenPictures
from models.task import Training
from models.tasks.brain_tumour.drawing import draw

if TYPE_CHECKING:
    from torch import nn

SIDE = 128
PAGE = "https://www.kaggle.com/datasets/ahmedhamada0/brain-tumor-detection"


@cache
def _slices() -> Dataset:
    pictures, rows = listed(folder("brain_mri", "Brain MRI", PAGE), SIDE, False, "br35h")
    return Dataset(
        pictures,
        np.array([int(row["y"]) for row in rows], dtype=np.int64),
        "Br35H, 542 different MRI slices collected from the web, 2020",
        groups=tuple(row["group"] for row in rows),
    )


class BrainTumour(FrozenPictures):
    """Slices of every sequence; pictures that are alike stay on one side of the split."""

    name = "brain_tumour"
    title = "Brain tumour"
    question = "Does this MRI slice of the brain show a tumour?"
    classes = ("no tumour", "tumour")
    explained_by = ("What are the symptoms of a brain tumour?", "How is a brain tumour treated?")
    pictures = Pictures("an MRI slice of the brain", SIDE)
    seen, mirrored, quadrants = SIDE, True, True
    training = Training(rounds=30, batch_size=16, learning_rate=1e-3, decay=0.95, weight_decay=1e-2, sites=4)
    licence = "not confirmed (Kaggle, Br35H 2020); for research"

    def public(self) -> Dataset:
        """Return the 542 slices; ``groups`` are clusters of pictures that are alike."""
        return _slices()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` drawn slices, some with a bright spot; for trying things out only."""
        return draw(n, seed, SIDE, 2)

    def answer(self, chosen: int) -> str:
        """Return the answer as a sentence."""
        return "A tumour is likely." if chosen else "A tumour is unlikely."

    def network(self) -> "nn.Module":
        """Return a fresh layer over the features."""
        from models.tasks.brain_tumour.network import make

        return make()


TASK = BrainTumour()
