"""The network of breast_ultrasound: one layer over frozen features."""

from torch import nn

from models.backbone import FEATURES


def make() -> nn.Module:
    """Return a fresh layer: (n, FEATURES) standardised features in, (n, 1) logit out."""
    return nn.Linear(FEATURES, 1)
