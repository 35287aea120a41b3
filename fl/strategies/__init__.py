"""The strategies a run can follow, by name. One file a strategy; each declares an INFO."""

from fl.strategies import fedavg, fedprox
from fl.strategies.info import Parameter, StrategyInfo

STRATEGIES: dict[str, StrategyInfo] = {info.name: info for info in (fedavg.INFO, fedprox.INFO)}

__all__ = ["STRATEGIES", "Parameter", "StrategyInfo"]
