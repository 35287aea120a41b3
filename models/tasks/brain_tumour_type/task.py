"""Brain tumour type: which tumour an MRI slice shows (Cheng et al. 2015, Guangzhou and Tianjin)."""

from functools import cache
from itertools import groupby
from pathlib import Path
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
PAGE = "https://figshare.com/articles/dataset/brain_tumor_dataset/1512427"
_LABELS = ("glioma", "meningioma", "pituitary")


def _patients(rows: list[dict[str, str]]) -> tuple[str, ...]:
    """Return a patient, or more than one, for each row.

    Slices of a patient have neighbouring numbers and lie in one fold, and the numbers of patients were not published.
    So neighbours of one tumour and one fold count as one patient: a split by these never divides a patient, except
    one whose slices stand apart.
    """
    order = sorted(range(len(rows)), key=lambda row: int(Path(rows[row]["file"]).stem.split("_")[1]))
    found = [""] * len(rows)
    for number, (_, run) in enumerate(groupby(order, key=lambda row: (rows[row]["label"], rows[row]["group"]))):
        for row in run:
            found[row] = f"patient {number}"
    return tuple(found)


@cache
def _slices() -> Dataset:
    pictures, rows = listed(folder("brain_mri", "Brain MRI", PAGE), SIDE, False, "cheng")
    return Dataset(
        pictures,
        np.array([_LABELS.index(row["label"]) for row in rows], dtype=np.int64),
        "Brain tumour dataset of Jun Cheng, 1185 contrast-enhanced T1 slices, Guangzhou and Tianjin, 2005 to 2010",
        natural_sites=tuple(row["group"].replace("cheng_fold", "Fold ") for row in rows),
        groups=_patients(rows),
    )


class BrainTumourType(FrozenPictures):
    """Slices with a tumour only; the author's folds stand for hospitals."""

    name = "brain_tumour_type"
    title = "Brain tumour type"
    question = "Which tumour does this MRI slice of the brain show?"
    classes = ("glioma", "meningioma", "pituitary tumour")
    explained_by = ("How is a brain tumour treated?",) * len(classes)
    pictures = Pictures("an MRI slice of the brain", SIDE)
    seen, mirrored, quadrants = SIDE, True, True
    training = Training(
        rounds=30, batch_size=16, learning_rate=1e-3, decay=0.95, weight_decay=1e-2, partition="natural", sites=4
    )
    licence = "CC BY 4.0 as usually cited, not confirmed (figshare 1512427)"
    natural_sites = True

    def public(self) -> Dataset:
        """Return the 1185 slices; folds are sites, and patients stay on one side of the split."""
        return _slices()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` drawn slices with a bright spot; for trying things out only."""
        return draw(n, seed, SIDE, 3)

    def answer(self, chosen: int) -> str:
        """Return the answer as a sentence."""
        return f"Of the three tumours it knows, a {self.classes[chosen]} is the most likely."

    def network(self) -> "nn.Module":
        """Return a fresh layer over the features."""
        from models.tasks.brain_tumour_type.network import make

        return make()


TASK = BrainTumourType()
