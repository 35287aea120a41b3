"""What a strategy keeps from round to round, taken out for the checkpoint and put back when a run goes on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from flwr.serverapp.strategy import FedAvg
from numpy.typing import NDArray

from fl.strategies.ruled import Ruled

PREFIX = "strategy "
_FLOWERS = ("m_t", "v_t", "momentum_vector")  # attributes of Flower's server optimisers


def memory_of(strategy: FedAvg) -> dict[str, NDArray[Any]]:
    """Return name → a copy of each array that the strategy needs to go on."""
    if isinstance(strategy, Ruled):
        return {PREFIX + name: np.array(values) for name, values in strategy.rule.state.items()}
    found: dict[str, NDArray[Any]] = {}
    for name in _FLOWERS:
        kept = getattr(strategy, name, None)  # {"weights": (p,)} or [(p,)], None before the first round
        if kept:
            found[PREFIX + name] = np.array(kept["weights"] if isinstance(kept, dict) else kept[0])
    return found


def remind(strategy: FedAvg, carried: Mapping[str, NDArray[Any]]) -> None:
    """Give back to a fresh strategy what ``memory_of`` took from another one."""
    own = {name.removeprefix(PREFIX): np.array(values) for name, values in carried.items() if name.startswith(PREFIX)}
    if isinstance(strategy, Ruled):
        strategy.rule.state.update(own)
        return
    for name, values in own.items():
        setattr(strategy, name, [values] if name == "momentum_vector" else {"weights": values})
