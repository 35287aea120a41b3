"""The loss that training minimises: of one logit for two classes, of one a class for more."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot


def mean_loss(logits: Tensor, y: Tensor) -> Tensor:
    """Return the mean cross-entropy of (n, 1) logits and (n,) float labels 0 or 1, or of (n, k) and (n,) classes."""
    if logits.shape[1] == 1:
        return binary_cross_entropy_with_logits(logits.squeeze(1), y)
    return cross_entropy(logits, y)


def word_loss(outputs: Tensor, _y: Tensor) -> Tensor:
    """Return the mean cost of a token from the (n, 2) outputs of a language task: costs of answers, and their lengths.

    The words to foresee are part of the rows, so there are no labels.
    """
    return outputs[:, 0].sum() / outputs[:, 1].sum().clamp(min=1)


def row_losses(logits: Tensor, y: Tensor) -> Tensor:
    """Return the (s, n) cross-entropies of (s, n) logits, or of (s, n, k), for (s, n) labels."""
    if logits.dim() == 2:
        return binary_cross_entropy_with_logits(logits, y, reduction="none")
    return cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none").view(y.shape)


def row_slopes(outputs: Tensor, y: Tensor) -> Tensor:
    """Return the slopes of ``row_losses`` by (s, n, 1) or (s, n, k) outputs, of their shape."""
    if outputs.shape[2] == 1:
        return torch.sigmoid(outputs) - y.unsqueeze(2)
    return torch.softmax(outputs, dim=2) - one_hot(y, outputs.shape[2])


def label_type(classes: int) -> torch.dtype:
    """Return how labels of so many classes are kept."""
    return torch.float32 if classes == 2 else torch.int64
