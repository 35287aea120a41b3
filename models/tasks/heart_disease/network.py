"""The network of heart_disease."""

from torch import nn

FEATURES = 32  # 9 numbers, 13 levels of categories, 10 flags of missing values


def make() -> nn.Module:
    """Return a fresh network 32-32-16-1: standardised features in, one logit out."""
    return nn.Sequential(
        nn.Linear(FEATURES, 32),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(32, 16),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(16, 1),
    )
