"""The network of the workload head: one linear layer over frozen features."""

from torch import nn

FEATURES = 1152  # mean, deviation and maximum of 80 + 112 + 192 channels


def make() -> nn.Module:
    """Return a fresh layer: (n, 1152) standardised features to (n, 1) logit."""
    return nn.Linear(FEATURES, 1)
