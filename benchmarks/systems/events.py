"""What a measured process gives back: when a round ended, and the weights it ends with.

BENCHMARK_EVENTS names the file that takes a line a round, BENCHMARK_WEIGHTS where the final weights go.
"""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import nn


def round_done(round: int) -> None:
    """Note that a round (from 1) has ended now; where several processes do, the last one counts."""
    with Path(os.environ["BENCHMARK_EVENTS"]).open("a", encoding="utf-8") as events:
        events.write(f"{round} {time.monotonic()!r}\n")


def finish(model: "nn.Module | NDArray[np.float32]") -> None:
    """Save the weights of the global model after the last round."""
    if not isinstance(model, np.ndarray):
        model = np.concatenate([tensor.detach().numpy().reshape(-1) for tensor in model.parameters()])
    np.save(os.environ["BENCHMARK_WEIGHTS"], model)
