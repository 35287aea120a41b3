"""The network of brain_tumour_type: one layer over frozen features, and dropout against learning them by heart."""

from torch import nn

from models.backbone import WITH_QUADRANTS


def make() -> nn.Module:
    """Return a fresh layer: (n, WITH_QUADRANTS) standardised features in, (n, 3) logits out."""
    return nn.Sequential(nn.Dropout(0.5), nn.Linear(WITH_QUADRANTS, 3))
