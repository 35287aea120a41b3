"""NVIDIA FLARE, https://github.com/NVIDIA/NVFlare: its simulator with the federated-averaging recipe.

It writes a workspace and runs a script for every client. With fewer threads than clients it ends and starts clients
anew within every round, so each of ten clients has its own.
"""

import logging
import tempfile
from pathlib import Path

import torch
from nvflare.app_opt.pt.recipes.fedavg import FedAvgRecipe
from nvflare.recipe import SimEnv

from benchmarks.systems.events import finish
from benchmarks.systems.given import workload
from benchmarks.systems.nvflare_model import Model

THREADS = 16


def main() -> None:
    """Train the workload."""
    work = workload()
    recipe = FedAvgRecipe(
        name="measured",
        min_clients=len(work.sites),
        num_rounds=work.rounds,
        model=Model(),
        train_script=str(Path(__file__).with_name("nvflare_client.py")),
        key_metric="",
    )
    with tempfile.TemporaryDirectory() as workspace:
        clients = len(work.sites)
        recipe.execute(SimEnv(num_clients=clients, num_threads=min(clients, THREADS), workspace_root=workspace))
        (found,) = (file for file in Path(workspace).rglob("*FL_global_model*.pt") if "best" not in file.name)
        kept = torch.load(found, weights_only=False)
    model = Model()
    model.load_state_dict({name: torch.as_tensor(tensor) for name, tensor in kept.get("model", kept).items()})
    finish(model)


if __name__ == "__main__":
    logging.disable()
    main()
