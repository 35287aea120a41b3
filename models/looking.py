"""A model as one differentiable piece from pixels to logits, so that it can be asked where it looked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from data.table import FloatArray

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.preparation import Preparation

LAYER = 10  # block whose maps are shown: finer than those of the last


@dataclass(frozen=True)
class Looking:
    """From pictures to logits.

    Parameters
    ----------
    of : (n, h, w[, 3]) uint8 pictures → input of ``module``.
    module : gives (n, outputs) logits.
    layer : part of ``module`` whose maps are looked at.
    join : makes one map over a picture of the (views, h, w) maps of its views; None where there is one view.
    """

    of: Callable[[NDArray[Any]], "Tensor"]
    module: "nn.Module"
    layer: "nn.Module"
    join: Callable[[FloatArray, NDArray[Any]], FloatArray] | None = None


def over_backbone(network: "nn.Module", preparation: "Preparation", side: int, *, quadrants: bool = False) -> Looking:
    """Return a head over the frozen features *mid*, looked at with ``side`` pixels, as one piece."""
    import torch
    from torch import Tensor, nn

    from models.backbone import as_input, hookable, maps_of, pooled

    mean, scale = torch.from_numpy(preparation.mean.copy()), torch.from_numpy(preparation.scale.copy())

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.head = hookable(), network

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = self.head((pooled(maps_of(x, self.backbone), quadrants=quadrants) - mean) / scale)
            return logits

    whole = Whole().eval()
    layer = whole.backbone[LAYER + 1]
    return Looking(lambda pictures: as_input(pictures, side), whole, layer)
