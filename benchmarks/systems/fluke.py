"""fluke, https://github.com/makgyver/fluke: its federated averaging. It takes a site's rows in an order of its own."""

import torch
from fluke import DDict, FlukeENV
from fluke.algorithms.fedavg import FedAVG
from fluke.data import DataSplitter, DummyDataContainer, FastDataLoader
from fluke.utils import FederationObserver

from benchmarks.systems.events import finish, round_done
from benchmarks.systems.given import workload


class Rounds(FederationObserver):  # type: ignore[misc]
    """Notes the ends of rounds."""

    def end_round(self, round: int) -> None:
        """Note the end of round ``round`` (from 1)."""
        round_done(round)


def main() -> None:
    """Train the workload."""
    work = workload()
    environment = FlukeENV()
    environment.set_seed(0)
    environment.set_device("cpu")
    environment.set_eval_cfg(pre_fit=False, post_fit=False, locals=False, server=False)
    loaders = [
        FastDataLoader(x, y, num_labels=2, batch_size=work.batch_size, shuffle=True, skip_singleton=False)
        for x, y in work.sites
    ]
    rows = DummyDataContainer(loaders, [None] * len(loaders), None, num_classes=2)
    settings = DDict(
        client=DDict(
            batch_size=work.batch_size,
            local_epochs=1,
            loss=torch.nn.BCEWithLogitsLoss,
            persistency=False,
            optimizer=DDict(name=work.make_optimiser.__name__, lr=work.learning_rate),
            scheduler=DDict(name="StepLR", step_size=1, gamma=1),
        ),
        server=DDict(weighted=True),
        model=work.network(),
    )
    algorithm = FedAVG(len(work.sites), DataSplitter(rows), settings)
    algorithm.attach(Rounds())
    algorithm.run(n_rounds=work.rounds, eligible_perc=1.0)
    finish(algorithm.server.model)


if __name__ == "__main__":
    main()
