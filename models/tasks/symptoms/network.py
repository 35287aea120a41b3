"""The network of symptoms: one layer over sentence vectors and hashed words, and dropout against learning by heart."""

from torch import nn

from models.tasks.symptoms.words import WORDS
from rag.embedding import LENGTH


def make() -> nn.Module:
    """Return a fresh layer: (n, 384 + 1024) standardised numbers in, (n, 24) logits out."""
    return nn.Sequential(nn.Dropout(0.3), nn.Linear(LENGTH + WORDS, 24))
