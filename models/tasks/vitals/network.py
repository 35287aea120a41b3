"""The network of vitals, after FedHealth: 4-64-32-16-1 with dropout."""

from torch import nn


def make() -> nn.Module:
    """Return a fresh network 4-64-32-16-1: standardised vital signs in, one logit out."""
    return nn.Sequential(
        nn.Linear(4, 64),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(32, 16),
        nn.ReLU(),
        nn.Linear(16, 1),
    )
