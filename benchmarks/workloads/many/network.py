"""The network of the workload many: 30-16-1."""

from torch import nn


def make() -> nn.Module:
    """Return a fresh network: (n, 30) standardised features to (n, 1) logit."""
    return nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 1))
