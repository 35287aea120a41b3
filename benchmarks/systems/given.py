"""What every measured process but MedHive's own is given. Imports neither MedHive's engine nor any simulator.

BENCHMARK_WORKLOAD names the file of benchmarks.prepared with rows, parts, order and initial weights,
BENCHMARK_THREADS says how many threads PyTorch has.
"""

import os
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import vector_to_parameters

torch.set_num_threads(int(os.environ["BENCHMARK_THREADS"]))


@dataclass(frozen=True)
class Workload:
    """The computation that every system does.

    Parameters
    ----------
    name : folder in benchmarks.workloads.
    sites : (n, f) standardised features and (n, 1) labels of every site.
    seeds : (rounds, sites) seed of the order in which a site takes its rows.
    weights : (p,) initial weights, in the order of ``Module.parameters``.
    rounds, batch_size, learning_rate, optimiser : one epoch a round, a fresh optimiser every time.
    """

    name: str
    sites: list[tuple[Tensor, Tensor]]
    seeds: NDArray[np.int64]
    weights: Tensor
    rounds: int
    batch_size: int
    learning_rate: float
    optimiser: Literal["adam", "sgd"]

    def network(self) -> nn.Module:
        """Return the network with the initial weights."""
        network: nn.Module = import_module(f"benchmarks.workloads.{self.name}.network").make()
        vector_to_parameters(self.weights.clone(), network.parameters())  # which become views of it
        return network

    def order(self, round: int, site: int) -> Tensor:
        """Return the order of a site's rows in round ``round`` (from 1)."""
        generator = torch.Generator().manual_seed(int(self.seeds[round - 1, site]))
        return torch.randperm(len(self.sites[site][1]), generator=generator)

    @property
    def make_optimiser(self) -> type[torch.optim.Optimizer]:
        """The class of the optimiser."""
        return torch.optim.Adam if self.optimiser == "adam" else torch.optim.SGD

    def train(self, network: nn.Module, round: int, site: int) -> None:
        """Train one epoch at a site, as one writes it by hand."""
        x, y = self.sites[site]
        optimiser = self.make_optimiser(network.parameters(), lr=self.learning_rate)  # type: ignore[call-arg]
        loss_of = nn.BCEWithLogitsLoss()
        network.train()
        for rows in self.order(round, site).split(self.batch_size):  # type: ignore[no-untyped-call]
            optimiser.zero_grad()
            loss_of(network(x[rows]), y[rows]).backward()
            optimiser.step()


@cache
def workload() -> Workload:
    """Return the workload of this process."""
    with np.load(os.environ["BENCHMARK_WORKLOAD"]) as arrays:
        x, y = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["y"])[:, None]
        sizes = arrays["sizes"].tolist()
        return Workload(
            name=str(arrays["name"]),
            sites=list(zip(torch.split(x, sizes), torch.split(y, sizes), strict=True)),
            seeds=arrays["seeds"],
            weights=torch.from_numpy(arrays["weights"]),
            rounds=int(arrays["rounds"]),
            batch_size=int(arrays["batch_size"]),
            learning_rate=float(arrays["learning_rate"]),
            optimiser="adam" if arrays["optimiser"] == "adam" else "sgd",
        )
