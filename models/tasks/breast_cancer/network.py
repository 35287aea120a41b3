"""The network of breast_cancer."""

from torch import nn


def make() -> nn.Module:
    """Return a fresh network 30-32-16-1 with tanh between: standardised features in, one logit out."""
    return nn.Sequential(nn.Linear(30, 32), nn.Tanh(), nn.Linear(32, 16), nn.Tanh(), nn.Linear(16, 1))
