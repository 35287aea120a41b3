"""OpenFL, https://github.com/securefederatedai/openfl: its workflow interface on the local runtime, in one process."""

from copy import deepcopy
from typing import Any

from openfl.experimental.workflow.interface import Aggregator, Collaborator, FLSpec
from openfl.experimental.workflow.placement import aggregator, collaborator
from openfl.experimental.workflow.runtime import LocalRuntime

from benchmarks.systems.events import finish, round_done
from benchmarks.systems.given import workload


class Federation(FLSpec):  # type: ignore[misc]
    """Federated averaging as a flow: out to the sites, back, averaged, and out again."""

    @aggregator  # type: ignore[untyped-decorator]
    def start(self) -> None:
        """Make the global model."""
        self.network = workload().network()
        self.collaborators = self.runtime.collaborators
        self.round = 1
        self.next(self.local, foreach="collaborators")

    @collaborator  # type: ignore[untyped-decorator]
    def local(self) -> None:
        """Train at a site."""
        workload().train(self.network, self.round, self.site)
        self.rows = len(workload().sites[self.site][1])
        self.next(self.join)

    @aggregator  # type: ignore[untyped-decorator]
    def join(self, sites: Any) -> None:
        """Average the sites' models, weighted by rows."""
        total = sum(site.rows for site in sites)
        averaged = dict.fromkeys(sites[0].network.state_dict(), 0.0)
        for site in sites:
            for name, tensor in site.network.state_dict().items():
                averaged[name] = averaged[name] + tensor * (site.rows / total)
        self.network = deepcopy(sites[0].network)
        self.network.load_state_dict(averaged)
        self.collaborators, self.round = sites[0].collaborators, sites[0].round
        round_done(self.round)
        self.next(self.again)

    @aggregator  # type: ignore[untyped-decorator]
    def again(self) -> None:
        """Go on until all rounds are done."""
        if self.round < workload().rounds:
            self.round += 1
            self.next(self.local, foreach="collaborators")
        else:
            self.next(self.end)

    @aggregator  # type: ignore[untyped-decorator]
    def end(self) -> None:
        """Give the model back."""
        finish(self.network)


def _named(site: int) -> dict[str, int]:
    return {"site": site}


def main() -> None:
    """Train the workload."""
    sites = [
        Collaborator(name=f"site-{site}", private_attributes_callable=_named, site=site)
        for site in range(len(workload().sites))
    ]
    flow = Federation(checkpoint=False)
    flow.runtime = LocalRuntime(aggregator=Aggregator(), collaborators=sites, backend="single_process")
    flow.run()


if __name__ == "__main__":
    main()
