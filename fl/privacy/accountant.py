"""How much privacy a number of noisy releases costs, by Rényi differential privacy.

The analysis is that of Opacus (Mironov, Talwar, Zhang 2019, https://arxiv.org/abs/1908.10530; conversion to (ε, δ) by
Balle et al. 2020, https://arxiv.org/abs/1905.09982). Flower's own accountant, ``flwr[dp]``, asks for an attrs below 24
and cannot be installed beside what else is here.
"""

import importlib.util
import math
import warnings
from functools import lru_cache
from pathlib import Path
from types import ModuleType

# Few orders, because each takes milliseconds when members are drawn; against many the bound is at most 1 % larger.
ORDERS = (
    *(1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0),
    *(14.0, 16.0, 18.0, 20.0, 22.0, 25.0, 28.0, 32.0, 40.0, 50.0, 64.0, 90.0, 128.0, 256.0, 512.0),
)
LARGEST_NOISE = 1e5
PRECISION = 1e-3  # relative, of the noise found


class NoNoiseIsEnough(ValueError):
    """The budget is so small that no sensible amount of noise keeps it."""


def epsilon(noise: float, rate: float, steps: int, delta: float) -> float:
    """Return the ε at ``delta`` of ``steps`` sums with Gaussian noise.

    Parameters
    ----------
    noise : standard deviation of the noise as a multiple of the most that one member can change a sum.
    rate : chance, above 0 and at most 1, with which each member is drawn for a sum, independently (Poisson sampling).
    steps : at least 0.
    delta : above 0 and below 1.
    """
    if not steps:
        return 0.0
    if noise <= 0:
        return math.inf
    return _of_costs(_costs(noise, rate), steps, delta)


def noise_for(budget: float, delta: float, rate: float, steps: int) -> float:
    """Return the least noise, see ``epsilon``, with which ``steps`` sums stay within ε = ``budget``.

    Raises
    ------
    NoNoiseIsEnough
        When even 100,000 times a member's share would not do.
    """
    return _noise_for(budget, delta, rate, steps)


@lru_cache(maxsize=1024)
def _noise_for(budget: float, delta: float, rate: float, steps: int) -> float:
    high = 1.0
    while epsilon(high, rate, steps, delta) > budget:
        high *= 2
        if high > LARGEST_NOISE:
            raise NoNoiseIsEnough(f"no noise keeps {steps} steps within ε = {budget:g} at δ = {delta:g}")
    low = high / 2 if high > 1 else 0.0
    while high - low > PRECISION * high:
        middle = (low + high) / 2
        if epsilon(middle, rate, steps, delta) > budget:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=256)
def _costs(noise: float, rate: float) -> tuple[float, ...]:
    """Return the Rényi divergence of one step at each order."""
    return tuple(_analysis().compute_rdp(q=rate, noise_multiplier=noise, steps=1, orders=ORDERS).tolist())


def _of_costs(costs: tuple[float, ...], steps: int, delta: float) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the best order is the largest one: the bound is valid, if not the tightest
        found, _ = _analysis().get_privacy_spent(orders=ORDERS, rdp=[steps * cost for cost in costs], delta=delta)
    return max(0.0, float(found))


@lru_cache(maxsize=1)
def _analysis() -> ModuleType:
    """Load Opacus's analysis by itself: importing the package takes seconds, for hooks that nobody here needs."""
    package = importlib.util.find_spec("opacus")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("opacus is missing: it accounts for differential privacy")
    path = Path(package.origin).parent / "accountants" / "analysis" / "rdp.py"
    spec = importlib.util.spec_from_file_location("medhive_rdp", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
