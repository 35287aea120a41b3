"""The plain loop: federated averaging as one writes it by hand in PyTorch, the floor of every comparison."""

import torch

from benchmarks.systems.events import finish, round_done
from benchmarks.systems.given import workload


def main() -> None:
    """Train every site in turn and average, round by round."""
    work = workload()
    network = work.network()
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    total = sum(len(y) for _, y in work.sites)
    for round in range(1, work.rounds + 1):
        averaged = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
        for site, (_, y) in enumerate(work.sites):
            network.load_state_dict(weights)
            work.train(network, round, site)
            for name, tensor in network.state_dict().items():
                averaged[name].add_(tensor, alpha=len(y) / total)
        weights = averaged
        round_done(round)
    network.load_state_dict(weights)
    finish(network)


if __name__ == "__main__":
    main()
