"""BreastMNIST at four sites with two cameras: half of the pictures are brighter and have less contrast."""

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from data.table import Dataset
from models.tasks.breast_ultrasound.task import TASK as ULTRASOUND
from models.tasks.breast_ultrasound.task import BreastUltrasound

SITES = ("Camera A, site 1", "Camera A, site 2", "Camera B, site 1", "Camera B, site 2")
DARKEST, RANGE, GAMMA = 40.0, 153.0, 0.5  # of camera B


def through_camera_b(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return grey pictures as the other camera would give them."""
    seen: NDArray[np.uint8] = np.round(DARKEST + RANGE * (pictures / 255.0) ** GAMMA).astype(np.uint8)
    return seen


@cache
def _pictures() -> Dataset:
    rows = ULTRASOUND.public()
    places = np.random.default_rng(0).permutation(len(rows)) % len(SITES)
    of_b = places >= 2
    x = rows.x.copy()
    x[of_b] = through_camera_b(x[of_b])
    named = tuple(SITES[place] for place in places.tolist())
    return replace(rows, x=x, source=f"{rows.source}, half as if by another camera", natural_sites=named, digests=None)


class Cameras(BreastUltrasound):
    """Breast ultrasound at sites whose cameras differ, and nothing else."""

    name = "cameras"
    title = "Breast ultrasound, two cameras"
    natural_sites = True
    training = replace(BreastUltrasound.training, partition="natural")

    def public(self) -> Dataset:
        """Return the 780 pictures with their official split."""
        return _pictures()


TASK = Cameras()
