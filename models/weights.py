"""A network's weights as one flat vector: the form in which they travel between sites."""

import numpy as np
import torch
from torch import Tensor, nn

from data.table import FloatArray


def _tensors(network: nn.Module) -> list[Tensor]:
    floats = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
    return [*(parameter.data for parameter in network.parameters()), *floats]


def flat_weights(network: nn.Module) -> FloatArray:
    """Return a copy of all weights as (p,) float32: parameters() in order, then the buffers that hold floats."""
    parts = [tensor.detach().to(torch.float32).reshape(-1).cpu() for tensor in _tensors(network)]
    flat: FloatArray = torch.cat(parts).numpy().copy() if parts else np.empty(0, dtype=np.float32)
    return flat


def load_flat(network: nn.Module, weights: FloatArray) -> None:
    """Write the (p,) ``weights`` into ``network``, in the order of flat_weights.

    Raises
    ------
    ValueError
        When the length is not that of the network; nothing is written then.
    """
    tensors = _tensors(network)
    wanted = sum(tensor.numel() for tensor in tensors)
    if weights.ndim != 1 or weights.size != wanted:
        raise ValueError(f"The network has {wanted} weights, the vector has shape {weights.shape}.")
    source = torch.from_numpy(np.array(weights, dtype=np.float32))  # a copy: the caller's array may be read-only
    start = 0
    with torch.no_grad():
        for tensor in tensors:
            tensor.copy_(source[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()
