"""Where a model looked: Grad-CAM by captum (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391)."""

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from models.stored import Model


def where_it_looked(model: Model, picture: NDArray[np.uint8], chosen: int) -> FloatArray:
    """Return an (h, w) map from 0 to 1: how much each part of the picture spoke for the class ``chosen``.

    Parameters
    ----------
    picture : (side, side) or (side, side, 3) uint8.
    """
    import torch
    from captum.attr import LayerGradCam

    shown = model.task.looking(model.network, model.preparation)
    x = shown.of(picture[None]).requires_grad_(True)
    with torch.enable_grad():
        target = chosen if len(model.task.classes) > 2 else None
        found = LayerGradCam(shown.module, shown.layer).attribute(x, target=target)
    maps = found[:, 0].detach().numpy()
    cam = maps[0] if shown.join is None else shown.join(maps, picture)
    if len(model.task.classes) == 2 and not chosen:
        cam = -cam  # what speaks against the positive class
    cam = np.maximum(cam, 0)
    top = float(cam.max())
    whole: FloatArray = (cam / top if top > 0 else cam).astype(np.float32)
    return whole
