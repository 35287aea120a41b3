"""The network of glaucoma: one layer over frozen features of three views, with dropout."""

from torch import nn

from models.backbone import FEATURES
from models.fundus import VIEWS


def make() -> nn.Module:
    """Return a fresh layer: (n, VIEWS · FEATURES) standardised features in, (n, 1) logit out."""
    return nn.Sequential(nn.Dropout(0.5), nn.Linear(VIEWS * FEATURES, 1))
