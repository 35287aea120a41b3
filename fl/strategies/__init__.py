"""The strategies a run can follow, by name. One file a strategy; each declares an INFO."""

from fl.strategies import (
    agentic,
    bulyan,
    equal,
    fedadagrad,
    fedadam,
    fedavg,
    fedavgm,
    fedcostw,
    feddyn,
    fedmedian,
    fedpid,
    fedprox,
    fedtrimmedavg,
    fedyogi,
    krum,
    lora_svd,
    multikrum,
    qfedavg,
)
from fl.strategies.info import Parameter, StrategyInfo

_AVERAGING = (fedavg, fedprox, feddyn, equal)
_SERVER_OPTIMISERS = (fedavgm, fedadagrad, fedadam, fedyogi)
_ROBUST = (fedmedian, fedtrimmedavg, krum, multikrum, bulyan)
_BY_LOSS = (qfedavg, fedcostw, fedpid)

STRATEGIES: dict[str, StrategyInfo] = {
    each.INFO.name: each.INFO for each in (*_AVERAGING, *_SERVER_OPTIMISERS, *_ROBUST, *_BY_LOSS, agentic, lora_svd)
}

__all__ = ["STRATEGIES", "Parameter", "StrategyInfo"]
