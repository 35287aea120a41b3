"""The network of brain_tumour_type: one layer over frozen features."""

from torch import nn

from models.backbone import WITH_QUADRANTS


def make() -> nn.Module:
    """Return a fresh layer: (n, WITH_QUADRANTS) standardised features in, (n, 3) logits out."""
    return nn.Linear(WITH_QUADRANTS, 3)
