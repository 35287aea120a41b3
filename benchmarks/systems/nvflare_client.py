"""What NVFLARE runs for every client."""

import nvflare.client as flare
import torch
from nvflare.app_common.abstract.fl_model import FLModel

from benchmarks.systems.events import round_done
from benchmarks.systems.given import workload
from benchmarks.systems.nvflare_model import Model


def main() -> None:
    """Train whenever a model arrives, until the run ends."""
    flare.init()
    site = int(flare.get_site_name().split("-")[1]) - 1
    model, work = Model(), workload()
    while flare.is_running():
        received = flare.receive()
        if received is None:
            break
        round = received.current_round + 1
        model.load_state_dict({name: torch.as_tensor(value) for name, value in received.params.items()})
        work.train(model, round, site)
        rows = len(work.sites[site][1])
        flare.send(FLModel(params=model.cpu().state_dict(), meta={"NUM_STEPS_CURRENT_ROUND": rows}))
        round_done(round)


if __name__ == "__main__":
    main()
