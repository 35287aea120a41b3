"""Figures as a report measures them, made up for tests of how they are shown."""

from typing import Any

_SITES = ("North", "South", "East")


def _score(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.15}


FOUND: dict[str, Any] = {
    "size": {
        "base": "SmolLM2-135M-Instruct",
        "weights": 134_515_008,
        "bytes": 538_060_032,
        "trained": 184_320,
        "trained_bytes": 737_280,
        "trained_part": 0.00137,
        "less": 0.99863,
        "bytes_up": 737_400,
        "bytes_down": 737_400,
    },
    "convergence": {
        "losses": [2.61, 2.39, 2.35],
        "sites": {name: [2.6 + at / 10, 2.4, 2.3] for at, name in enumerate(_SITES)},
        "fall": 0.0996,
        "steps": 2,
        "n": 12,
    },
    "aggregation": {
        "equal": {"loss": _score(2.36), "n": 12, "against_fedavg": _score(0.01)},
        "fedavg": {"loss": _score(2.35), "n": 12},
        "agentic": {"loss": _score(2.35), "n": 12, "against_fedavg": _score(0.0)},
    },
    "weights": {
        "rows": dict(zip(_SITES, (4520, 2521, 2959), strict=True)),
        "equal": dict.fromkeys(_SITES, 1 / 3),
        "fedavg": dict(zip(_SITES, (0.452, 0.252, 0.296), strict=True)),
        "agentic": dict(zip(_SITES, (0.452, 0.252, 0.296), strict=True)),
        "agentic_said": "Weights by rows: none is surely better.",
    },
    "speed": {
        "tokens": 32,
        "cold_first": 9.1,
        "cold": 10.2,
        "warm_first": 0.08,
        "warm": 1.2,
        "times_first": 113.75,
        "times": 8.5,
        "values": [[0.08, 1.2]],
    },
    "privacy": {
        "overlap": 0.0,
        "near_overlap": 0.0,
        "records": 10_000,
        "of": 13_269,
        "membership": _score(0.51),
        "members": 12,
        "epsilon": None,
    },
    "seconds": {"wall": 181.0, "cpu": 300.0},
}
