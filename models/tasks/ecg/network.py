"""The network of ecg: one layer over random convolutions, and much dropout against learning few people by heart."""

from torch import nn

from models.ecg.beats import CLASSES
from models.ecg.kernels import FEATURES

_MOST = 6.0  # standard deviations; what is further says no more


def make() -> nn.Module:
    """Return a fresh layer: (n, FEATURES) standardised numbers in, (n, 5) logits out."""
    return nn.Sequential(nn.Hardtanh(-_MOST, _MOST), nn.Dropout(0.8), nn.Linear(FEATURES, len(CLASSES)))
