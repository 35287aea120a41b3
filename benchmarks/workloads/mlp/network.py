"""The network of the workload mlp."""

from torch import nn


def make() -> nn.Module:
    """Return a fresh network 30-64-32-1: standardised features in, one logit out."""
    return nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
