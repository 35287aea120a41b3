"""Glaucoma: does a photograph of the back of the eye show it (ODIR-5K, 1099 photographs of 645 patients)."""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.public_images import folder, listed
from data.table import Dataset, FloatArray, Pictures
from models.backbone import NAME, mirrored_mid
from models.fundus import SIDE, VIEWS, views
from models.task import Task, Training

if TYPE_CHECKING:
    from torch import nn

    from models.looking import Looking
    from models.preparation import Preparation

SEEN = 160  # pixels that every view is brought to
PAGE = "https://odir2019.grand-challenge.org"


@cache
def _photographs() -> Dataset:
    pictures, rows = listed(folder("fundus_odir", "ODIR", PAGE), SIDE, True)
    return Dataset(
        pictures,
        np.array([int(row["y"]) for row in rows], dtype=np.int64),
        "ODIR-5K, 1099 photographs of 645 patients, many hospitals of China, 2019",
        groups=tuple(f"patient {row['patient']}" for row in rows),
    )


class Glaucoma(Task):
    """Whole fields; the two eyes of a patient stay on one side of every split."""

    name = "glaucoma"
    title = "Glaucoma"
    question = "Does this photograph of the back of the eye show glaucoma?"
    modality = "image"
    classes = ("no glaucoma", "glaucoma")
    explained_by = ("What are the symptoms of glaucoma?", "How is glaucoma treated?")
    pictures = Pictures("a photograph of the back of the eye", SIDE, colour=True)
    # by cross-validation of the training and calibration photographs
    training = Training(
        rounds=30, batch_size=32, learning_rate=1e-3, decay=0.95, weight_decay=1.0, sampling=0.0, sites=4
    )
    licence = "not confirmed (ODIR-2019, Peking University); for research"

    @property
    def encoder(self) -> str:
        """Return the name under which features of the three views are kept."""
        return f"{NAME}-fundus-mirrored-{SEEN}"

    def public(self) -> Dataset:
        """Return the photographs; ``groups`` are patients."""
        return _photographs()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` drawn photographs, some with a large cup; for trying things out only."""
        from models.tasks.glaucoma.drawing import draw

        return draw(n, seed)

    def encode(self, x: NDArray[Any]) -> FloatArray:
        """Return the (n, 3456) features: of the whole without light, and of two crops around the disc.

        Each is the mean of a view's features and its mirror's.
        """
        if not len(x):
            return np.concatenate([mirrored_mid(x, SEEN)] * VIEWS, axis=1)
        seen = [views(photo) for photo in x]
        return np.concatenate([mirrored_mid(np.stack([each[k] for each in seen]), SEEN) for k in range(VIEWS)], axis=1)

    def looking(self, network: "nn.Module", preparation: "Preparation") -> "Looking":
        """Return views, backbone and head in one piece."""
        from models.tasks.glaucoma.looking import over_views

        return over_views(network, preparation, SEEN)

    def answer(self, chosen: int) -> str:
        """Return the answer as a sentence."""
        return "Glaucoma is likely." if chosen else "Glaucoma is unlikely."

    def network(self) -> "nn.Module":
        """Return a fresh layer over the features."""
        from models.tasks.glaucoma.network import make

        return make()


TASK = Glaucoma()
