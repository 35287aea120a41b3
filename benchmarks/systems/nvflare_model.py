"""The network as a class of its own, which NVFLARE makes anew from its name."""

from torch import Tensor, nn

from benchmarks.systems.given import workload


class Model(nn.Module):
    """The network of the workload, with its initial weights."""

    def __init__(self) -> None:
        super().__init__()
        self.network = workload().network()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        found: Tensor = self.network(x)
        return found
