"""Whether a row is like those a model learned from: the Mahalanobis distance of its features, in two levels.

Lee et al. 2018, https://arxiv.org/abs/1807.03888, with one centre and a covariance that is pulled towards independent
features, so that it exists for few rows. The levels come from calibration rows: beyond what nineteen of twenty of them
keep to, a row is unusual; beyond one and a half times that, the model does not answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.partition import hold_out
from data.public import DataMissing
from data.table import FloatArray
from models.registry import get_task
from models.stored import Model
from models.versions import VersionView, get_version, load_model

UNUSUAL = 0.95  # quantile of the calibration rows
FAR = 1.5  # times the distance of the unusual
_INDEPENDENT = 0.05  # part of the covariance that is taken as if features were independent
REFUSAL = (
    "The model does not answer: this record is unlike those it learned from ({distance:.1f} times as far from their "
    "centre as 19 of 20 of them). Check the values and their units; what stands out most is {name}."
)
WARNING = "Unusual record: further from those the model learned from than 19 of 20 of them."


@dataclass(frozen=True)
class Familiarity:
    """Distances of standardised features.

    Parameters
    ----------
    whitening : (f, f) turns features into independent ones of variance 1.
    unusual : distance that 95 % of the calibration rows keep to.
    """

    whitening: NDArray[np.float64]
    unusual: float

    @classmethod
    def of(cls, model: Model, training: FloatArray, calibration: FloatArray) -> "Familiarity":
        """Return what (n, d) training rows look like to the model; the level comes from (m, d) calibration rows."""
        features = model.preparation(model.task, training).astype(np.float64)
        covariance = (1 - _INDEPENDENT) * np.atleast_2d(np.cov(features.T)) + _INDEPENDENT * np.eye(features.shape[1])
        whitening: NDArray[np.float64] = np.linalg.inv(np.linalg.cholesky(covariance)).T
        plain = cls(whitening, 1.0)
        return cls(whitening, float(np.quantile(plain.distances(model, calibration), UNUSUAL)))

    def distances(self, model: Model, x: FloatArray) -> NDArray[np.float64]:
        """Return the (n,) distances of (n, d) rows, in units of ``unusual``."""
        features = model.preparation(model.task, x).astype(np.float64)
        found: NDArray[np.float64] = np.sqrt(np.square(features @ self.whitening).mean(axis=1)) / self.unusual
        return found

    def to_json(self) -> dict[str, Any]:
        """Return it for a manifest."""
        return {"unusual": self.unusual, "whitening": [[float(f"{v:.6g}") for v in row] for row in self.whitening]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Familiarity":
        """Read what to_json wrote."""
        return cls(np.array(document["whitening"], dtype=np.float64), float(document["unusual"]))


def measured(model: Model) -> Familiarity | None:
    """Return the familiarity of a table model, measured on public rows; None where there are none, or no table."""
    if not model.task.schema.columns:
        return None
    try:
        public = model.task.public()
    except DataMissing:
        return None
    split = hold_out(public)
    return Familiarity.of(model, public.x[split.training], public.x[split.calibration])


def familiarity_of(version: VersionView) -> Familiarity | None:
    """Return that of a version: from its manifest, else measured; read once a process."""
    return _familiarity(version.sha256, version.id)


@lru_cache(maxsize=32)
def _familiarity(_sha256: str, version_id: int) -> Familiarity | None:
    if get_task(get_version(version_id).task).pictures is not None:
        return None  # pictures are judged before they are encoded, by models.sources
    known = get_version(version_id).manifest.get("familiarity")
    return Familiarity.from_json(known) if known else measured(load_model(version_id))


def farthest_column(model: Model, row: FloatArray) -> str:
    """Return the title of the column whose value in a (d,) row is furthest from what is typical for its range."""
    columns = model.task.schema.columns
    spread = np.array([column.high - column.low for column in columns])
    away = np.abs(row - model.preparation.fill) / np.where(spread > 0, spread, 1)
    return columns[int(np.nanargmax(np.where(np.isnan(away), -1, away)))].title
