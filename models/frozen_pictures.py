"""What image tasks have in common whose network is a layer over frozen features of the backbone."""

from typing import TYPE_CHECKING, Any, ClassVar

from numpy.typing import NDArray

from data.table import FloatArray
from models.backbone import NAME, mid, mirrored_mid
from models.task import Modality, Task

if TYPE_CHECKING:
    from torch import nn

    from models.looking import Looking
    from models.preparation import Preparation


class FrozenPictures(Task):
    """An image task over the frozen features *mid*; a task says what it asks, and where its pictures are."""

    modality: ClassVar[Modality] = "image"
    seen: ClassVar[int]  # pixels a side that the backbone looks at
    mirrored: ClassVar[bool] = False  # whether features are the mean of a picture's and its mirror's
    quadrants: ClassVar[bool] = False  # whether the quarters of a picture are also looked at by themselves

    @property
    def encoder(self) -> str:
        """Name under which features are kept that are made with these settings."""
        return f"{NAME}{'-quadrants' if self.quadrants else ''}{'-mirrored' if self.mirrored else ''}-{self.seen}"

    def encode(self, x: NDArray[Any]) -> FloatArray:
        """Return the (n, 1152) features, with quadrants (n, 2688)."""
        return (mirrored_mid if self.mirrored else mid)(x, self.seen, quadrants=self.quadrants)

    def looking(self, network: "nn.Module", preparation: "Preparation") -> "Looking":
        """Return backbone and head in one piece."""
        from models.looking import over_backbone

        return over_backbone(network, preparation, self.seen, quadrants=self.quadrants)
