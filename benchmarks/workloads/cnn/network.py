"""The network of the workload cnn: two convolutions and two linear layers, 105,281 weights."""

from torch import nn


def make() -> nn.Module:
    """Return a fresh network: (n, 784) standardised pixels to (n, 1) logit."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 64),
        nn.ReLU(),
        nn.Linear(64, 1),
    )
