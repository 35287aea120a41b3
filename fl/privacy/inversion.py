"""Gradient inversion: what the gradient of one row gives away of it, and which picture can be drawn from that.

Zhu et al. 2019, https://arxiv.org/abs/1906.08935; Geiping et al. 2020, https://arxiv.org/abs/2003.14053. The attacker
is given more than a server has: the gradient of a single picture, where a site sends the sum of many steps over many
pictures. From the first linear layer its input follows exactly, since the gradient of the weights is that of the bias
times the input. What is left is to seek a picture that the frozen network turns into these features. The picture is a
public one, so the audit shows nobody's.
"""

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data.table import Dataset, FloatArray
from fl.losses import label_type, mean_loss
from models.preparation import Preparation
from models.task import Task

STEPS, RATE = 300, 0.05
SMOOTH = 0.5  # weight of total variation beside 1 - cosine of the features


@dataclass(frozen=True)
class Inversion:
    """What the attack found.

    Parameters
    ----------
    features : cosine of the inputs of the network read from the gradient with the true ones, -1 to 1.
    alike : correlation of the drawn picture with the true one in what the average of other public pictures, which
        anybody can draw, does not explain, -1 to 1 (0: nothing of its own was found); None where rows are no pictures.
    original, drawn : PNG, base64; empty where rows are no pictures.
    """

    features: float
    alike: float | None = None
    original: str = ""
    drawn: str = ""

    def words(self) -> str:
        """Say what was found."""
        said = (
            "Gradient inversion: from the gradient of a single row, without noise, the inputs of the network can be "
            f"read (cosine {self.features:.3f} with the true ones); a site sends the sum of many steps over many rows."
        )
        if self.alike is None:
            return said
        return (
            f"{said} In what sets the picture apart from the average one, the drawn picture correlates "
            f"{self.alike:.2f} with it (0: nothing was recovered, 1: all). The eye may see more than this figure."
        )


def invert(task: Task, network: nn.Module, preparation: Preparation, given: NDArray[Any], label: int) -> FloatArray:
    """Return the (f,) inputs of the network read from the gradient of one (1, ...) row as it was given."""
    row = torch.from_numpy(preparation(task, task.encode(given)))
    read = features_from(gradient(network, row, torch.tensor([label], dtype=label_type(len(task.classes)))), network)
    return read.numpy()


def invert_row(task: Task, network: nn.Module, preparation: Preparation, rows: Dataset) -> Inversion:
    """Attack the first of public ``rows`` as they were given; of pictures, draw it.

    A network without a linear layer at its beginning gives nothing away like this, and the cosine says so.
    """
    network.eval()
    true = preparation(task, task.encode(rows.x[:1]))[0]
    read = invert(task, network, preparation, rows.x[:1], int(rows.y[0]))
    features = _cosine(read, true)
    if task.pictures is None:
        return Inversion(features)
    picture = rows.x[0]
    drawn = _draw(task, network, preparation, torch.from_numpy(read), picture.shape)
    return Inversion(features, own_likeness(drawn, picture, rows.x[1:].mean(axis=0)), _png(picture), _png(drawn))


def gradient(network: nn.Module, row: Tensor, label: Tensor) -> dict[str, Tensor]:
    """Return parameter → gradient of the loss on one row."""
    named = dict(network.named_parameters())
    found = torch.autograd.grad(mean_loss(network(row), label), list(named.values()))
    return dict(zip(named, found, strict=True))


def features_from(gradients: dict[str, Tensor], network: nn.Module) -> Tensor:
    """Return the (f,) input of the first linear layer, read from its gradients; zeros where they vanish."""
    name = next(name for name, part in network.named_modules() if isinstance(part, nn.Linear))
    weight, bias = gradients[f"{name}.weight"], gradients[f"{name}.bias"]
    strongest = int(bias.abs().argmax())
    return weight[strongest] / bias[strongest] if bias[strongest] else torch.zeros(weight.shape[1])


def _draw(
    task: Task, network: nn.Module, preparation: Preparation, wanted: Tensor, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Return the (h, w[, 3]) uint8 picture whose features come closest to ``wanted``."""
    whole = task.looking(network, preparation)
    seen: list[Tensor] = []
    hook = network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    side = whole.of(np.zeros((1, *shape), np.uint8)).shape[-1]
    colours = 3 if len(shape) == 3 else 1
    draw = torch.Generator().manual_seed(0)
    pixels = (0.1 * torch.randn(1, colours, *shape[:2], generator=draw)).requires_grad_()
    steps = torch.optim.Adam([pixels], lr=RATE)
    try:
        for _ in range(STEPS):
            seen.clear()
            large = nn.functional.interpolate(pixels.tanh().expand(-1, 3, -1, -1), (side, side), mode="bilinear")
            whole.module(large)
            far = 1 - torch.cosine_similarity(seen[0][0], wanted, dim=0)
            (gradient,) = torch.autograd.grad(far + SMOOTH * _variation(pixels), pixels)
            pixels.grad = gradient
            steps.step()
    finally:
        hook.remove()
    found = ((pixels.detach().tanh()[0] + 1) * 127.5).permute(1, 2, 0).numpy().astype(np.uint8)
    return found if colours == 3 else found[..., 0]


def _variation(pixels: Tensor) -> Tensor:
    return pixels.diff(dim=2).abs().mean() + pixels.diff(dim=3).abs().mean()


def _cosine(one: FloatArray, other: FloatArray) -> float:
    return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12))


def own_likeness(drawn: NDArray[Any], true: NDArray[Any], average: NDArray[Any]) -> float:
    """Return the correlation of two pictures once their likeness to the average picture is taken out of both."""
    usual = np.column_stack([np.ones(average.size), average.astype(np.float64).ravel()])
    rest = []
    for picture in (drawn, true):
        flat = picture.astype(np.float64).ravel()
        rest.append(flat - usual @ np.linalg.lstsq(usual, flat, rcond=None)[0])
    sizes = [float(np.linalg.norm(each)) for each in rest]  # the residuals have mean 0, so this is their correlation
    return float(rest[0] @ rest[1]) / (sizes[0] * sizes[1]) if min(sizes) > 1e-6 else 0.0


def _png(picture: NDArray[np.uint8]) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
