"""pfl-research, https://github.com/apple/pfl-research: its simulated backend with federated averaging."""

from typing import Any

import torch
from pfl.aggregate.simulate import SimulatedBackend
from pfl.aggregate.weighting import WeightByDatapoints
from pfl.algorithm.base import NNAlgorithmParams
from pfl.algorithm.federated_averaging import FederatedAveraging
from pfl.callback.base import TrainingProcessCallback
from pfl.data.federated_dataset import FederatedDataset
from pfl.data.pytorch import PyTorchTensorDataset
from pfl.data.sampling import get_user_sampler
from pfl.hyperparam import NNTrainHyperParams
from pfl.metrics import Metrics, Weighted
from pfl.model.pytorch import PyTorchModel
from torch import Tensor, nn

from benchmarks.systems.events import finish, round_done
from benchmarks.systems.given import workload

NEVER = 10**6  # rounds between two evaluations; pfl makes one before the first round in any case


class Learner(nn.Module):
    """The network with the loss and metrics that pfl asks of a module."""

    def __init__(self) -> None:
        super().__init__()
        self.network = workload().network()
        self.loss_of = nn.BCEWithLogitsLoss()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        found: Tensor = self.network(x)
        return found

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the loss to learn from."""
        self.train()
        found: Tensor = self.loss_of(self.network(x), y)
        return found

    def metrics(self, x: Tensor, y: Tensor) -> dict[str, Any]:
        """Return next to nothing, so that the evaluation pfl insists on costs nothing."""
        return {"rows": Weighted(1.0, 1.0)}


class Rounds(TrainingProcessCallback):  # type: ignore[misc]
    """Counts rounds and notes their ends."""

    done = 0

    def after_central_iteration(
        self, aggregate_metrics: Any, model: Any, *, central_iteration: int
    ) -> tuple[bool, Metrics]:
        """Note the end of a round and go on."""
        self.done = central_iteration + 1
        round_done(self.done)
        return False, Metrics()


def main() -> None:
    """Train the workload."""
    work = workload()
    learner, rounds = Learner(), Rounds()

    def rows_of(site: int) -> PyTorchTensorDataset:
        order = work.order(min(rounds.done + 1, work.rounds), site)
        return PyTorchTensorDataset(tuple(part[order] for part in work.sites[site]), user_id=str(site))

    model = PyTorchModel(
        learner,
        local_optimizer_create=work.make_optimiser,
        central_optimizer=torch.optim.SGD(learner.parameters(), lr=1.0),
    )
    sites = FederatedDataset(rows_of, get_user_sampler("minimize_reuse", list(range(len(work.sites)))))
    FederatedAveraging().run(
        backend=SimulatedBackend(training_data=sites, val_data=None, postprocessors=[WeightByDatapoints()]),
        model=model,
        callbacks=[rounds],
        send_metrics_to_platform=False,
        algorithm_params=NNAlgorithmParams(
            central_num_iterations=work.rounds,
            evaluation_frequency=NEVER,
            train_cohort_size=len(work.sites),
            val_cohort_size=None,
        ),
        model_train_params=NNTrainHyperParams(
            local_num_epochs=1, local_learning_rate=work.learning_rate, local_batch_size=work.batch_size
        ),
    )
    finish(learner.network)


if __name__ == "__main__":
    main()
